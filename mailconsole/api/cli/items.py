"""What stands in a draft, as verbs: open one, put a whole file or single objects into it, take them out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from mailconsole.accounts.models import User
from mailconsole.api.cli.verb import Options, Verb, Write, add_person, argument, tell
from mailconsole.changes.cli.files import read_text
from mailconsole.changes.cli.write import actor_of
from mailconsole.changes.models import Change
from mailconsole.changes.services.describe_change import describe_change
from mailconsole.changes.services.discard_item import discard_item
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.revisions import load_document
from mailconsole.changes.services.stage_document import stage_document
from mailconsole.changes.services.stage_item import stage_item
from transport.config import text

KIND = argument("kind", metavar="KIND", help="the section, such as relay_policies")
ID = argument("object_id", metavar="ID", help="the object's id, or the network of an IP list")


def add_open(verbs: Any) -> None:
    parser = verbs.add_parser("open", help="open a draft, empty or leading to what a file says")
    parser.add_argument("file", metavar="FILE", nargs="?", help="a YAML file, or - for standard input")
    for name in ("title", "reason", "ticket"):
        parser.add_argument(f"--{name}", default="")
    add_person(parser)
    parser.set_defaults(act=_open)


def _open(options: Options, write: Write) -> None:
    actor, now = actor_of(options["user"]), timezone.now()
    words = {name: options[name] for name in ("title", "reason", "ticket")}
    with transaction.atomic():
        change = open_change(author=actor, now=now, **words)
        if options["file"]:
            _stage(options, change, actor, now)
    tell(change, options, write)


def _stage(options: Options, change: Change, actor: User, now: datetime) -> Change:
    document = text.load(read_text(options["file"]), onto=load_document(change.base))
    stage_document(change=change, actor=actor, document=document, now=now)
    return change


def _put(options: Options, change: Change, actor: User, now: datetime) -> Change:
    value = text.value(read_text(options["file"]))
    if not isinstance(value, dict):
        raise CommandError(f"{options['file']}: one object is wanted, a mapping of its fields.")
    return _staged(options, change, actor, now, value)


def _delete(options: Options, change: Change, actor: User, now: datetime) -> Change:
    return _staged(options, change, actor, now, None)


def _staged(options: Options, change: Change, actor: User, now: datetime, value: dict[str, Any] | None) -> Change:
    object_id = options["object_id"] or ""
    stage_item(change=change, actor=actor, kind=options["kind"], object_id=object_id, after=value, now=now)
    return change


def _discard(options: Options, change: Change, actor: User, now: datetime) -> Change:
    return discard_item(change=change, actor=actor, kind=options["kind"], object_id=options["object_id"], now=now)


def _describe(options: Options, change: Change, actor: User, now: datetime) -> Change:
    """What is not said stays."""
    words = {name: getattr(change, name) if options[name] is None else options[name]
             for name in ("title", "reason", "ticket")}  # fmt: skip
    return describe_change(change=change, actor=actor, now=now, **words)


VERBS = (
    Verb(
        "stage",
        "make a draft lead to what a file says",
        _stage,
        (argument("file", metavar="FILE", help="a YAML file, or - for standard input"),),
    ),
    Verb(
        "put-item",
        "put one object into a draft, new or as it shall be",
        _put,
        (
            KIND,
            argument("file", metavar="FILE", help="its fields as YAML, or - for standard input"),
            argument("--id", dest="object_id", metavar="ID", help="of the object that is there; without it, a new one"),
        ),
    ),
    Verb("delete-item", "let a draft delete an object", _delete, (KIND, ID)),
    Verb("discard-item", "take an item out of a draft", _discard, (KIND, ID)),
    Verb(
        "describe",
        "give a change its title, reason or ticket",
        _describe,
        tuple(argument(f"--{name}") for name in ("title", "reason", "ticket")),
    ),
)
