"""`config apply` and `config restore`: a change that leads to a file or to a revision, submitted in a person's name."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from mailconsole.accounts.models import User
from mailconsole.changes.cli.files import problem_line, read_text, revision_of
from mailconsole.changes.cli.write import actor_of
from mailconsole.changes.models import Change, Revision
from mailconsole.changes.services.apply_document import Applied, Outcome, is_as_published, lead_to, submit_once
from mailconsole.changes.services.approvals import approvals_of
from mailconsole.changes.services.bootstrap import is_first_setup, publish_alone
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.group_directory import GroupDirectory
from mailconsole.changes.services.plan import Plan, plan_change
from mailconsole.changes.services.publish_without_approval import publish_without_approval
from mailconsole.changes.services.restore_revision import restore_revision
from mailconsole.changes.services.revisions import head_revision
from mailconsole.changes.services.submit_change import check_plan
from mailconsole.common.templatetags.words import wire
from transport.rules.approval import demands_of

Write = Callable[[str], Any]
Options = dict[str, Any]


def apply(options: Options, write: Write) -> None:
    """All of it or nothing: what is refused leaves no draft behind, and a change that is there as it was."""
    body = read_text(options["file"])
    tell = _quiet if options["json"] else write
    if options["change"] is None and is_as_published(body):
        tell(f"Nothing to change: revision {head_revision()} is as {options['file']} says.")
        _write_result(Applied(Outcome.UNCHANGED), options, write)
        return
    actor, now = actor_of(options["user"]), timezone.now()
    into = _change_of(options["change"]) if options["change"] is not None else None
    title = options["title"] or ("" if into else f"Apply {os.path.basename(options['file'])}")  # noqa: PTH119
    words = {"title": title, "reason": options["reason"], "ticket": options["ticket"]}
    with transaction.atomic():
        change = lead_to(body=body, actor=actor, now=now, into=into, **words)
        plan = plan_change(change, now=now)
        _write_plan(plan, tell)
        _check(options["file"], change, plan)
        done = Applied(Outcome.DRAFTED, change)
        if options["dry_run"]:
            transaction.set_rollback(True)
            tell("Nothing was changed: this was a dry run.")
            done = Applied(Outcome.UNCHANGED)
        elif options["draft"]:
            tell(f"Change {change.pk}, “{wire(change.title)}”, is a draft of {actor}.")
        else:
            done = _finish(change, actor, now, is_publishing=options["publish"], write=tell)
    _write_result(done, options, write, plan)


def _change_of(number: int) -> Change:
    found = Change.objects.select_related("author", "base").filter(pk=number).first()
    if found is None:
        raise CommandError(f"There is no change {number}.")
    return found


def _quiet(text: str) -> None:
    """What is for people is not for programs."""


def _write_result(done: Applied, options: Options, write: Write, plan: Plan | None = None) -> None:
    """For programs: what became of it, with the digest that an approval is given for."""
    if not options["json"]:
        return
    change = done.change
    revision = Revision.objects.filter(change=change).first() if change is not None else None
    said = {
        "outcome": done.outcome.value,
        "change": change.pk if change is not None else None,
        "state": change.state if change is not None else None,
        "digest": digest_of(change) if change is not None else None,
        "revision": revision.number if revision is not None else None,
        "head": head_revision().number,
        "sentences": [str(one) for one in plan.sentences] if plan is not None else [],
    }
    write(json.dumps(said, indent=2))


def _write_plan(plan: Plan, write: Write) -> None:
    write(f"Plan, against revision {plan.head}:")
    for sentence in plan.sentences:
        write(f"  {sentence}")
    for need in demands_of(plan.changes, plan.head_document, now=timezone.now(), lookup=GroupDirectory()).needs:
        write(f"  Needs {need.sentence[:1].lower()}{need.sentence[1:]}: {need.reasons[0]}")
    for problem in plan.problems:
        if problem not in plan.errors:
            write(f"  {problem_line(problem, plan.document or plan.head_document)}")


def _check(file: str, change: Change, plan: Plan) -> None:
    if plan.errors:
        shown = plan.document or plan.head_document
        raise CommandError("\n".join(f"{file}: {problem_line(problem, shown)}" for problem in plan.errors))
    check_plan(change, plan)


def _finish(change: Change, actor: User, now: datetime, *, is_publishing: bool, write: Write) -> Applied:
    """Submitted, or published where that is asked and allowed."""
    if is_publishing:
        _publish(change, actor, now, write)
        return Applied(Outcome.PUBLISHED, _change_of(change.pk))
    done = submit_once(change=change, actor=actor, now=now)
    assert done.change is not None  # a draft is submitted, or is there already
    number, title = done.change.pk, wire(done.change.title)
    if done.outcome is Outcome.WAITS_ALREADY:
        write(f"Nothing to do: change {number}, “{title}”, asks for just this and waits.")
    else:
        write(f"Change {number}, “{title}”, waits for a review.")
    return done


def _publish(change: Change, actor: User, now: datetime, write: Write) -> None:
    """Where the person may do that alone. Raises CommandError."""
    if is_first_setup(actor):
        revision = publish_alone(change=change, actor=actor, now=now)
        write(f"Published as revision {revision}, by the only administrator: nobody else could review.")
    elif approvals_of(change, plan_change(change, now=now), now=now).demands.is_nobody_needed:
        revision = publish_without_approval(change=change, actor=actor, now=now)
        write(f"Published as revision {revision}: the approval rules ask nobody else.")
    else:
        raise CommandError(
            "--publish would skip the review: somebody else can approve this change. Leave --publish out to "
            "submit it. Nothing was changed."
        )


def restore(options: Options, write: Write) -> None:
    """Lead back to an older revision, and ask for a review of that."""
    actor, now, tell = actor_of(options["user"]), timezone.now(), _quiet if options["json"] else write
    with transaction.atomic():
        revision = revision_of(options["number"])
        change = restore_revision(revision=revision, actor=actor, reason=options["reason"], now=now)
        plan = plan_change(change, now=now)
        _write_plan(plan, tell)
        done = _finish(change, actor, now, is_publishing=False, write=tell)
    _write_result(done, options, write, plan)
