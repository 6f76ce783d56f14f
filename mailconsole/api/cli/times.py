"""The times of a change as verbs: when it is published by itself, and when it ends."""

from __future__ import annotations

from datetime import datetime

from mailconsole.accounts.models import User
from mailconsole.api.cli.acts import SEEN
from mailconsole.api.cli.verb import Argument, Options, Verb, argument
from mailconsole.changes.cli.files import moment
from mailconsole.changes.models import Change
from mailconsole.changes.services.move_end import prolong_change, shorten_change
from mailconsole.changes.services.schedule_publish import cancel_schedule, schedule_publish
from mailconsole.changes.services.set_expiry import set_expiry

WHY = argument("--reason", required=True, help="why")


def _time(name: str, said: str, *, is_required: bool = False) -> Argument:
    return argument(name, metavar="TIME", required=is_required, help=f"{said}, as 2026-12-31T22:00 in UTC")


def _schedule(options: Options, change: Change, actor: User, now: datetime) -> Change:
    at = moment("--at", options["at"])
    return schedule_publish(change=change, actor=actor, at=at, digest=options["digest"], now=now)


def _cancel_schedule(options: Options, change: Change, actor: User, now: datetime) -> Change:
    return cancel_schedule(change=change, actor=actor, now=now)


def _expire(options: Options, change: Change, actor: User, now: datetime) -> Change:
    at = None if options["never"] else moment("--at", options["at"])
    return set_expiry(change=change, actor=actor, expires_at=at, now=now)


def _shorten(options: Options, change: Change, actor: User, now: datetime) -> Change:
    at = moment("--at", options["at"]) if options["at"] else now
    return shorten_change(change=change, actor=actor, ends_at=at, reason=options["reason"], now=now)


def _prolong(options: Options, change: Change, actor: User, now: datetime) -> Change:
    until = moment("--until", options["until"]) if options["until"] else None
    return prolong_change(change=change, actor=actor, until=until, reason=options["reason"], now=now)


VERBS = (
    Verb("schedule", "have an approved change published at a time", _schedule,
         (_time("--at", "when", is_required=True), SEEN)),
    Verb("cancel-schedule", "take that time back; it stays approved", _cancel_schedule),
    Verb("expire", "give a draft an end, at which it is taken back by itself", _expire,
         (_time("--at", "the end"), argument("--never", action="store_true", help="it has no end"))),
    Verb("shorten", "end what is in effect earlier than was approved", _shorten,
         (_time("--at", "the new end (default: now)"), WHY)),
    Verb("prolong", "open a draft that moves the end, or takes it away", _prolong,
         (_time("--until", "the later end (default: none any more)"), WHY)),
)  # fmt: skip
