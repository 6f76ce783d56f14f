"""The verbs about changes and nodes that only read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from mailconsole.api import shapes
from mailconsole.api.cli.verb import Options, Write, add_json, as_json, change_of, tell_all
from mailconsole.api.revisions import nodes_out
from mailconsole.api.schemas import NodeOut
from mailconsole.changes.models import Change
from mailconsole.changes.services.approvals import approvals_of
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.services.revisions import head_revision
from mailconsole.changes.states import ChangeState
from mailconsole.common.templatetags.words import wire

POLL_S = 0.5


def add_changes(verbs: Any) -> None:
    parser = verbs.add_parser("changes", help="list the changes that were touched last")
    parser.add_argument("--state", choices=[one.value for one in ChangeState], help="those in this state only")
    parser.add_argument("--review-owed", action="store_true", help="those that owe a review only")
    parser.add_argument("--limit", type=int, default=20, metavar="N")
    add_json(parser)
    parser.set_defaults(act=_changes)


def _changes(options: Options, write: Write) -> None:
    rows = Change.objects.select_related("author").order_by("-updated_at")
    rows = rows.filter(state=options["state"]) if options["state"] else rows
    rows = rows.filter(is_review_owed=True) if options["review_owed"] else rows
    found = rows[: max(1, options["limit"])]
    if options["json"]:
        write(as_json([shapes.change_row(one).model_dump() for one in found]))
        return
    for one in found:
        owed = ", review owed" if one.is_review_owed else ""
        write(f"{one.pk:>5}  {one.status.label + owed:<24} {wire(one.title)}  ({wire(one.author.username)})")


def add_show(verbs: Any) -> None:
    parser = verbs.add_parser("show", help="one change: what it says, its digest, who agreed, what was said")
    parser.add_argument("number", type=int, metavar="CHANGE", help="the change's number")
    add_json(parser)
    parser.set_defaults(act=_show)


def _show(options: Options, write: Write) -> None:
    change = change_of(options["number"])
    tell_all(shapes.change_out(change), "\n".join(_lines(change)), options, write)


def _lines(change: Change) -> Iterator[str]:
    yield f"Change {change.pk}, “{wire(change.title)}”: {change.status.label}. {change.status.sentence}"
    yield f"By {wire(change.author.username)}, begun on revision {change.base}."
    yield from (
        f"{name}: {wire(said)}" for name, said in (("Reason", change.reason), ("Ticket", change.ticket)) if said
    )
    yield f"Digest: {digest_of(change)}"
    for name, at in (
        ("Published by itself", change.publish_at),
        ("Ends by itself", change.ends_at or change.expires_at),
    ):
        if at is not None:
            yield f"{name}: {at:%Y-%m-%d %H:%M} UTC"
    if change.status.is_open:
        yield from _plan_lines(change)
    for review in change.reviews.select_related("reviewer"):
        void = " (void)" if review.is_void else ""
        yield f"{wire(review.reviewer.username)}: {review.get_verdict_display()}{void} {wire(review.comment)}".rstrip()
    for said in change.comments.select_related("author"):
        about = f" on {said.kind} {wire(said.object_id)}" if said.kind else ""
        yield f"{wire(said.author.username)}{about}: {wire(said.text)}"


def _plan_lines(change: Change) -> Iterator[str]:
    plan = plan_change(change, now=timezone.now())
    yield from (f"  {wire(str(sentence))}" for sentence in plan.sentences)
    yield from (f"  Error: {wire(problem.sentence)}" for problem in plan.errors)
    if plan.conflicts:
        yield f"  {len(plan.conflicts)} conflicts with revision {plan.head}: see config conflicts {change.pk}."
    for one in approvals_of(change, plan, now=timezone.now()).standings:
        given = f", given by {', '.join(map(wire, one.given))}" if one.given else ""
        yield f"  Needs {wire(one.need.sentence)}{given}: {one.missing_words if one.missing else 'complete'}."


def add_nodes(verbs: Any) -> None:
    parser = verbs.add_parser("nodes", help="what each node runs, and whether it is what was published")
    parser.add_argument("--wait", type=float, default=None, metavar="SECONDS",
                        help="until each node that reports runs the newest revision; else an error")  # fmt: skip
    add_json(parser)
    parser.set_defaults(act=_nodes)


def _nodes(options: Options, write: Write) -> None:
    end = time.monotonic() + (options["wait"] or 0)
    while True:
        head, nodes = head_revision().number, nodes_out()
        behind = [why for node in nodes if (why := _behind(node, head))]
        if not behind or time.monotonic() >= end:
            break
        time.sleep(POLL_S)
    if options["json"]:
        write(as_json([node.model_dump() for node in nodes]))
    else:
        for node in nodes:
            runs = f"revision {node.running_revision}" if node.running_revision else "nothing"
            said = "lost" if node.is_lost else node.drift or (_behind(node, head) if behind else "") or "as published"
            write(f"{node.name}  {runs}  {wire(said)}")
    if behind and options["wait"] is not None:
        raise CommandError("\n".join(wire(one) for one in behind))


def _behind(node: NodeOut, head: int) -> str:
    """Why the node does not run the newest revision; empty where it does, or has not reported for long."""
    if node.is_lost:
        return ""
    if node.drift:
        return f"{node.name} {node.drift}"
    if node.running_revision == head:
        return ""
    last = node.last_activation
    why = f": it refused revision {head}: {last.error}" if last and last.revision == head and last.error else ""
    return f"{node.name} runs revision {node.running_revision}, not {head}{why}"
