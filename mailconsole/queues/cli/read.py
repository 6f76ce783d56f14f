"""The verbs of `queue` that only read, exports among them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from mailconsole.changes.cli.write import actor_of
from mailconsole.common.templatetags.words import wire
from mailconsole.nodes.snapshots import read_live
from mailconsole.queues.cli.arguments import filter_of
from mailconsole.queues.merge import merge_queues
from mailconsole.queues.models import HoldRule
from mailconsole.queues.services.export import export_messages
from mailconsole.queues.services.messages import export_message, list_messages
from mailconsole.queues.shown import shown_rule

Write = Callable[[str], Any]
Options = dict[str, Any]


def list_queues(options: Options, write: Write) -> None:
    live = read_live()
    if not live.is_reachable:
        raise CommandError("The live state can't be read: Redis doesn't answer. Mail is not affected.")
    queues = merge_queues(live.snapshots)
    for queue in queues:
        write(wire(f"{queue.message_count:>8}  {queue.status.value:<10}  {queue.key}"))
        write(wire(f"{'':>8}  {queue.waiting_because}"))
    if not queues:
        write("No queue." if live.snapshots else "No node reports.")


def show(options: Options, write: Write) -> None:
    page = list_messages(filter_of(options), offset=options["offset"], limit=options["limit"])
    for row in page.rows:
        message = row.message
        more = f" and {message.recipient_count - 1} more" if message.recipient_count > 1 else ""
        to = message.recipients[0] if message.recipients else "nobody"
        write(
            wire(f"{message.queue_id}  {row.node}  {message.status.value:<10}  {message.sender or '<>'} to {to}{more}")
        )
        write(wire(f"{'':>13}  {message.because} {message.change}".rstrip()))
    more = " or more: the search took too long" if page.is_partial else ""
    write(f"{page.first} to {page.last} of {page.total} messages{more}")
    for problem in page.problems:
        write(wire(problem))


def export(options: Options, write: Write) -> None:
    """To a file, or to standard output."""
    pieces = export_message(
        node=options["node"], queue_id=options["id"], reason=options["reason"], actor=actor_of(options["user"])
    )
    _pour(pieces, options["output"], write)


def export_all(options: Options, write: Write) -> None:
    """A zip of all that match, to a file or to standard output."""
    chosen = export_messages(wanted=filter_of(options), reason=options["reason"], actor=actor_of(options["user"]))
    _pour(chosen.pieces(), options["output"], write)
    left = [row for row in chosen.rows if row["problem"]]
    if options["output"] != "-":
        write(f"{chosen.messages - len(left)} messages exported.")
        for row in left[:20]:
            write(wire(f"  {row['queue_id']}: {row['problem']}"))


def _pour(pieces: Iterator[bytes], output: str, write: Write) -> None:
    if output == "-":
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        return
    try:
        with Path(output).open("xb") as file:
            file.writelines(pieces)
    except OSError as error:
        raise CommandError(f"{output} can't be written: {error.strerror}.") from None
    write(f"Written to {output}.")


def list_holds(options: Options, write: Write) -> None:
    now = timezone.now()
    rules = [shown_rule(one, now) for one in HoldRule.objects.all()]
    for one in rules:
        rule, end = one.rule, f", until {one.rule.expires_at:%Y-%m-%d %H:%M} UTC" if one.rule.expires_at else ""
        write(wire(f"{rule.pk:>5}  {one.state.label:<9}  {one.what}{end}  ({rule.author}: {rule.reason})"))
    if not rules:
        write("No hold rule.")
