"""`config explain`: what the rules would say to an attempt, step by step, under any revision, change or file."""

from __future__ import annotations

import ipaddress
import json
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from mailconsole.changes import recorded
from mailconsole.changes.cli.files import document_of_file, moment, read_text
from mailconsole.changes.services.explain import explain
from mailconsole.changes.services.explained_json import as_json
from mailconsole.changes.services.explanation import EARLIEST, LATEST, Directory, Explanation, Question
from mailconsole.changes.services.list_answers import ask_nobody, ask_now
from mailconsole.changes.services.under import Ground, under
from mailconsole.common.templatetags.words import wire
from mailconsole.nodes.services import known_nodes
from transport.config.types import parse_size
from transport.model.address import InvalidAddress
from transport.rules.recipients import Resolution

Write = Callable[[str], Any]
Options = dict[str, Any]
SHOWN = 10
"""Addresses that a line names."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--peer", required=True, metavar="IP", help="the address that connects")
    parser.add_argument("--to", default="", metavar="ADDRESS", help="RCPT TO (default: none was given yet)")
    parser.add_argument("--from", dest="sender", default="", metavar="ADDRESS", help="MAIL FROM (default: <>)")
    parser.add_argument("--binding", default="smtp", help="which listening address (default: smtp)")
    parser.add_argument("--helo", default="", help="what it calls itself")
    parser.add_argument("--identity", default="", metavar="USER", help="the user of AUTH (default: nobody)")
    parser.add_argument("--tls", action="store_true", help="over TLS")
    parser.add_argument("--certificate", default="", metavar="SHA256", help="of a client certificate that verified")
    parser.add_argument("--size", default="0", help="of the message, as 20KB or 5MB")
    parser.add_argument("--header", metavar="FILE", help="the message's header, for mail flow rules; - reads it here")
    parser.add_argument("--at", metavar="TIME", help="as 2026-12-31T08:00 in UTC (default: now)")
    parser.add_argument(
        "--directory", default="", choices=[one.value for one in Directory if one.value], help="answers as if"
    )
    parser.add_argument(
        "--ask-lists",
        action=BooleanOptionalAction,
        help="ask block and allow lists in DNS about the peer (default: yes, but not with --json)",
    )
    parser.add_argument("--under", default="", metavar="r7|c3|FILE", help="a revision, a change or a file")
    parser.add_argument("--json", action="store_true", help="for programs")


def explain_attempt(options: Options, write: Write) -> None:
    ground = _ground(options["under"])
    try:
        found = explain(
            _question(options),
            document=ground.document,
            revision=ground.revision,
            directory=Directory(options["directory"]),
            finds=recorded.directory(),
            owns=recorded.owners(),
            nodes=[one.name for one in known_nodes()],
            now=_at(options["at"]),
            shows_hidden=True,  # who may run commands here may read everything
            lists=ask_now if _asks_lists(options) else ask_nobody,
        )
    except InvalidAddress as problem:
        raise CommandError(f"No mail address: {problem}.") from None
    write(json.dumps(as_json(found), indent=2) if options["json"] else "\n".join(_lines(found, ground)))


def _at(text: str | None) -> datetime:
    at = moment("--at", text) if text else timezone.now()
    if not EARLIEST <= at <= LATEST:
        raise CommandError(f"--at {text}: give a time from {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}.")
    return at


def _asks_lists(options: Options) -> bool:
    said: bool | None = options["ask_lists"]
    return not options["json"] if said is None else said


def _ground(name: str) -> Ground:
    if name and not (name[0] in "rc" and name[1:].isdecimal()):
        return Ground(document_of_file(name), 0, name)
    return under(name)


def _question(options: Options) -> Question:
    """Raises CommandError."""
    try:
        peer, size = str(ipaddress.ip_address(options["peer"])), int(parse_size(options["size"]))
    except ValueError as problem:
        raise CommandError(f"--peer or --size: {problem}.") from None
    return Question(
        peer=peer,
        binding=options["binding"],
        sender=options["sender"].strip("<>"),
        recipient=options["to"].strip("<>"),
        helo=options["helo"],
        identity=options["identity"],
        is_tls=options["tls"],
        size_bytes=size,
        certificate=options["certificate"].replace(":", "").lower(),
        header=read_text(options["header"]) if options["header"] else "",
    )


def _lines(found: Explanation, ground: Ground) -> list[str]:
    verdict = found.verdict
    answer = "Accepted" if verdict.reply is None else f"Refused: {verdict.reply}"
    lines = [f"{answer}{', and deleted by a rule' if found.is_deleted else ''}. Under: {wire(ground.label)}."]
    if found.is_without_recipient:
        lines.append("No recipient was given: so far only the sender was asked about.")
    if verdict.reason:
        lines.append(f"Because: {wire(verdict.reason)}")
    lines += [f"  {step.answer:<10} {step.kind}: {wire(step.name)}. {wire(step.because)}" for step in found.trail]
    if found.is_waiting:
        lines.append("It would wait: who gets it can't be told while the directory does not answer.")
    if found.held_by:
        lines.append(f"It would be suspended by the mail flow rule {wire(found.held_by)}.")
    for sent in found.sent_on:
        lines.append(f"{sent.word}: {wire(', '.join(sent.addresses))}. {wire(sent.because)}")
    lines += _who_gets_it(found.resolution) if found.resolution is not None else []
    for way in found.ways:
        who = f"From {wire(', '.join(way.nodes))} to" if way.nodes else "To"
        lines.append(f"{who} {wire(', '.join(way.addresses[:10]))}: {way.route.next_hop.delivery_type.sentence}")
        if way.only_on:
            only = wire(", ".join(way.only_on))
            lines.append(f"  ! Only {only} may use that send connector: from other nodes it may go another way.")
        lines += [f"  {'-' if one.eliminated_because else '+'} {wire(one.name)}. {wire(one.because)}"
                  for one in way.route.considered]  # fmt: skip
    return lines


def _who_gets_it(resolution: Resolution) -> list[str]:
    lines = []
    for change in resolution.changes:
        more = f" and {len(change.to) - SHOWN:,} more" if len(change.to) > SHOWN else ""
        to = wire(", ".join(map(str, change.to[:SHOWN])))
        lines.append(f"{change.event}: {wire(str(change.address))} -> {to}{more}. {wire(change.because)}")
    for refusal in resolution.refusals:
        lines.append(f"Returned: {wire(str(refusal.address))}, {refusal.reply}. {wire(refusal.because)}")
    lines += [f"To mend, at {wire(str(one.at))}: {wire(one.text)}" for one in resolution.problems]
    return lines
