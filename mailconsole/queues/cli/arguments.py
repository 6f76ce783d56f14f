"""The arguments of `queue`: a filter is the same for every verb."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError

from transport.config.types import parse_duration, parse_size
from transport.model.queue_filter import BadFilter, QueueFilter
from transport.model.queued import MessageStatus


def _parsed(parse: Callable[[str], Any]) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            return int(parse(text))
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None

    return read


duration, size = _parsed(parse_duration), _parsed(parse_size)


def add_route_criteria(parser: ArgumentParser) -> None:
    """What is known when mail is routed."""
    parser.add_argument("--queue", default="", metavar="KEY", help="the queue's key, as `queue list` prints it")
    parser.add_argument("--connector", default="", metavar="ID", help="the send connector")
    parser.add_argument("--received-by", default="", metavar="ID", help="the receive connector")
    parser.add_argument("--policy", default="", metavar="ID", help="the relay policy that let it in")
    parser.add_argument("--sender", default="", metavar="ADDRESS|DOMAIN", help="or <> for the null sender")
    parser.add_argument("--recipient", default="", metavar="ADDRESS|DOMAIN")
    parser.add_argument("--domain", default="", help="the recipients' domain; *.example.com with its subdomains")


def add_criteria(parser: ArgumentParser) -> None:
    """All of a filter."""
    add_route_criteria(parser)
    parser.add_argument("--reply", default="", metavar="WORDS", help="a part of the last reply")
    parser.add_argument("--state", default="", choices=["", *[one.value for one in MessageStatus]])
    parser.add_argument("--held-by", default="", metavar="ID", help="the hold rule that holds it")
    parser.add_argument("--older-than", type=duration, default=0, metavar="2h")
    parser.add_argument("--younger-than", type=duration, default=0, metavar="2h")
    parser.add_argument("--larger-than", type=size, default=0, metavar="SIZE", help="for example '1 MB'")
    parser.add_argument("--smaller-than", type=size, default=0, metavar="SIZE")
    parser.add_argument("--message", action="append", default=[], metavar="QUEUE-ID", help="may be repeated")


def filter_of(options: dict[str, Any]) -> QueueFilter:
    """Raises CommandError."""
    try:
        return QueueFilter(
            queue=options["queue"],
            connector_id=options["connector"],
            receive_connector_id=options["received_by"],
            policy_id=options["policy"],
            sender=options["sender"],
            recipient=options["recipient"],
            domain=options["domain"],
            reply=options.get("reply", ""),
            state=options.get("state", ""),
            hold_id=options.get("held_by", ""),
            messages=tuple(options.get("message", ())),
            older_than_s=options.get("older_than", 0),
            younger_than_s=options.get("younger_than", 0),
            larger_than_bytes=options.get("larger_than", 0),
            smaller_than_bytes=options.get("smaller_than", 0),
        )
    except BadFilter as error:
        raise CommandError(str(error)) from None
