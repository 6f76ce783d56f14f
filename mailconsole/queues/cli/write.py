"""The verbs of `queue` that change something, in one person's name, by the services that the pages call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from mailconsole.changes.cli.write import actor_of
from mailconsole.common.templatetags.words import wire
from mailconsole.queues.cli.arguments import filter_of
from mailconsole.queues.services.bulk import give_order, preview_order, where
from mailconsole.queues.services.holds import add_hold_rule, lift_hold_rule
from mailconsole.queues.services.queues import QueueDone, resume_queue, retry_queue, suspend_queue
from transport.model.queue_order import Verb

Write = Callable[[str], Any]
Options = dict[str, Any]


def suspend_whole(options: Options, write: Write) -> None:
    key, actor = options["key"], actor_of(options["user"])
    _say(suspend_queue(queue_key=key, reason=options["reason"], actor=actor), write)


def resume_whole(options: Options, write: Write) -> None:
    _say(resume_queue(queue_key=options["key"], actor=actor_of(options["user"])), write)


def retry_whole(options: Options, write: Write) -> None:
    _say(retry_queue(queue_key=options["key"], actor=actor_of(options["user"])), write)


def _say(done: QueueDone, write: Write) -> None:
    write(wire(f"Queue {done.queue.name} {done.act.done} on {', '.join(done.nodes) or 'no node yet'}."))
    for problem in done.problems:
        write(wire(problem))


def order(options: Options, write: Write) -> None:
    """A preview; with --yes it is done at once, else somebody at the terminal says so."""
    verb, actor = Verb(options["verb"]), actor_of(options["user"])
    seen = preview_order(verb=verb, wanted=filter_of(options), actor=actor)
    write(wire(seen.sentence + _how(options)))
    for node, count in seen.nodes.items():
        write(f"  {count} on {node}")
    for problem in seen.problems:
        write(wire(f"  {problem}"))
    if options["dry_run"] or not seen.messages:
        write("Nothing was done.")
        return
    if not options["yes"] and input("Do it? [y/N] ").strip().lower() not in ("y", "yes"):
        raise CommandError("Nothing was done.")
    wait = options.get("wait")
    done = give_order(
        token=seen.token,
        actor=actor,
        reason=options["reason"],
        with_ndr=not options.get("without_ndr", False),
        connector_id=options.get("to", ""),
        next_attempt_at=timezone.now() + timedelta(seconds=wait) if wait else None,
    )
    write(done.sentence)
    for problem in done.problems:
        write(wire(problem))


def _how(options: Options) -> str:
    if "without_ndr" not in options:
        return ""
    return "; senders are not told" if options["without_ndr"] else "; senders get a non-delivery report"


def add_hold(options: Options, write: Write) -> None:
    now, lasts = timezone.now(), options["lasts"]
    done = add_hold_rule(
        wanted=filter_of(options),
        reason=options["reason"],
        expires_at=now + timedelta(seconds=lasts) if lasts else None,
        actor=actor_of(options["user"]),
        now=now,
    )
    write(wire(f"Hold rule {done.rule.pk} is in force on {', '.join(done.nodes) or 'no node yet'}: "
               f"{where(done.rule.wanted)}."))  # fmt: skip
    for problem in done.problems:
        write(wire(problem))


def lift_hold(options: Options, write: Write) -> None:
    done = lift_hold_rule(rule_id=options["rule"], reason=options["reason"], actor=actor_of(options["user"]))
    write(f"Hold rule {done.rule.pk} is lifted on {', '.join(done.nodes) or 'no node yet'}; what it held goes on.")
    for problem in done.problems:
        write(wire(problem))
