"""What a verb of `config` about changes is made of, and how its result is told: in words, or as the API has it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from ninja import Schema
from ninja.responses import NinjaJSONEncoder

from mailconsole.accounts.models import User
from mailconsole.api import shapes
from mailconsole.changes.cli.write import actor_of
from mailconsole.changes.models import Change, Revision
from mailconsole.common.templatetags.words import wire

Write = Callable[[str], Any]
Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Argument:
    """As argparse takes it."""

    names: tuple[str, ...]
    given: dict[str, Any]

    def add(self, parser: ArgumentParser) -> None:
        parser.add_argument(*self.names, **self.given)


def argument(*names: str, **given: Any) -> Argument:
    return Argument(names, given)


Act = Callable[[Options, Change, User, datetime], Change | Revision]


@dataclass(frozen=True, slots=True)
class Verb:
    """One act on one change: parse, call one service, tell what became of it."""

    name: str
    help: str
    act: Act
    arguments: tuple[Argument, ...] = ()

    def add(self, verbs: Any) -> None:
        parser = verbs.add_parser(self.name, help=self.help)
        parser.add_argument("number", type=int, metavar="CHANGE", help="the change's number")
        for one in self.arguments:
            one.add(parser)
        add_person(parser)
        parser.set_defaults(act=self.run)

    def run(self, options: Options, write: Write) -> None:
        change, actor = change_of(options["number"]), actor_of(options["user"])
        tell(self.act(options, change, actor, timezone.now()), options, write)


def add_person(parser: ArgumentParser) -> None:
    parser.add_argument("--as", dest="user", metavar="USER", help="whose act it is (default: MAILCONSOLE_USER)")
    add_json(parser)


def add_json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs, as the API answers")


def change_of(number: int) -> Change:
    """Raises CommandError."""
    change = Change.objects.select_related("author", "base").filter(pk=number).first()
    if change is None:
        raise CommandError(f"There is no change {number}.")
    return change


def tell(result: Change | Revision, options: Options, write: Write) -> None:
    """The change as it is now, or the revision that it became."""
    if isinstance(result, Revision):
        tell_all(shapes.revision_out(result), f"Published as revision {result.number}.", options, write)
        return
    change = change_of(result.pk)
    words = f"Change {change.pk}, “{wire(change.title)}”: {change.status.label}. {change.status.sentence}"
    tell_all(shapes.change_out(change), words, options, write)


def tell_all(shape: Schema, words: str, options: Options, write: Write) -> None:
    write(as_json(shape.model_dump()) if options["json"] else words)


def as_json(said: Any) -> str:
    """As the API writes it."""
    return json.dumps(said, cls=NinjaJSONEncoder, indent=2)
