"""Conflicts with what was published meanwhile, as verbs: see them, and settle them field by field."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from mailconsole.accounts.models import User
from mailconsole.api.cli.verb import Options, Verb, Write, add_json, argument, as_json, change_of
from mailconsole.api.problems import conflict_json
from mailconsole.changes.models import Change
from mailconsole.changes.services.bring_up_to_date import Choice, Key, Side, bring_up_to_date
from mailconsole.changes.services.plan import plan_change
from mailconsole.common.templatetags.words import wire
from transport.config import text

WHOLE = "-"
_SIDES = [side.value for side in (Side.DRAFT, Side.HEAD, Side.BASE)]


def add_conflicts(verbs: Any) -> None:
    parser = verbs.add_parser("conflicts", help="list where a change and what was published meanwhile differ")
    parser.add_argument("number", type=int, metavar="CHANGE", help="the change's number")
    add_json(parser)
    parser.set_defaults(act=_conflicts)


def _conflicts(options: Options, write: Write) -> None:
    plan = plan_change(change_of(options["number"]), now=timezone.now())
    if options["json"]:
        write(as_json({"head": plan.head.number, "conflicts": [conflict_json(one) for one in plan.conflicts]}))
        return
    for one in plan.conflicts:
        write(f"{one.kind} {one.object_id} {one.field or WHOLE}")
        for side, value in zip(_SIDES, (one.draft, one.head, one.base), strict=True):
            write(f"  {side:<6}{wire(json.dumps(value, ensure_ascii=False))}")
    write(f"{len(plan.conflicts)} conflicts with revision {plan.head}." if plan.conflicts else "No conflict.")


def _bring_up_to_date(options: Options, change: Change, actor: User, now: datetime) -> Change:
    return bring_up_to_date(
        change=change,
        actor=actor,
        prefer=Side(options["prefer"]) if options["prefer"] else None,
        choices=_choices(options),
        seen_head=options["head"],
        now=now,
    )


def _choices(options: Options) -> dict[Key, Choice]:
    chosen = {}
    for kind, object_id, field, side in options["take"] or ():
        if side not in _SIDES:
            raise CommandError(f"--take: '{side}' is no side; write {', '.join(_SIDES)}.")
        chosen[kind, object_id, "" if field == WHOLE else field] = Choice(Side(side))
    for kind, object_id, field, value in options["set"] or ():
        chosen[kind, object_id, field] = Choice(Side.TYPED, text.value(value))
    return chosen


VERBS = (
    Verb(
        "bring-up-to-date",
        "put a draft onto the newest revision, conflicts settled",
        _bring_up_to_date,
        (
            argument("--prefer", choices=_SIDES[:2], help="whose values count where nothing else says"),
            argument("--take", nargs=4, action="append", metavar=("KIND", "ID", "FIELD", "SIDE"),
                     help=f"whose value counts in one field: {', '.join(_SIDES)}; {WHOLE} as FIELD: the whole object"),
            argument("--set", nargs=4, action="append", metavar=("KIND", "ID", "FIELD", "YAML"),
                     help="another value for one field"),
            argument("--head", type=int, metavar="N", help="the revision that was looked at; refused where it moved"),
        ),
    ),
)  # fmt: skip
