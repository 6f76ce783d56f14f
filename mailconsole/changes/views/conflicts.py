"""Conflicts with what was published meanwhile, field by field: shown with their three values, chosen or typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.utils import timezone

from mailconsole.accounts.models import User
from mailconsole.changes.models import Change
from mailconsole.changes.refusals import InvalidObject
from mailconsole.changes.services.bring_up_to_date import Choice, Key, Side, bring_up_to_date
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.views.acts import act_on_change, said
from mailconsole.common.templatetags.words import wire
from transport.config import text
from transport.config.merge import Conflict
from transport.config.phrases import label
from transport.config.words import KIND_LABELS


@dataclass(frozen=True, slots=True)
class Option:
    """One value that can be chosen."""

    side: Side
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Clash:
    """One conflict as the page asks about it; ``typed`` is what stands in the field for another value, ``chosen`` the
    side that was chosen before something else was refused."""

    name: str
    about: str
    options: tuple[Option, ...]
    typed: str
    can_type: bool
    chosen: str = ""


_LABELS = {Side.HEAD: "Published now", Side.DRAFT: "In this change", Side.BASE: "When it began"}


def clashes_of(conflicts: tuple[Conflict, ...], written: Mapping[str, str]) -> list[Clash]:
    """``written`` is what was chosen and typed for these same conflicts, by the names of the fields."""
    clashes = [_clash(number, one) for number, one in enumerate(conflicts)]
    return [
        replace(one, chosen=written.get(one.name, ""), typed=written.get(f"{one.name}-typed", one.typed))
        for one in clashes
    ]


def _clash(number: int, conflict: Conflict) -> Clash:
    values = {Side.HEAD: conflict.head, Side.DRAFT: conflict.draft, Side.BASE: conflict.base}
    options = tuple(Option(side, said_as, _yaml(values[side])) for side, said_as in _LABELS.items())
    about = f"{KIND_LABELS[conflict.kind]} {conflict.name}" + (f": {label(conflict.field)}" if conflict.field else "")
    return Clash(
        f"c{number}", about, options, text.as_yaml(conflict.draft).removesuffix("...\n").rstrip(), bool(conflict.field)
    )


def _yaml(value: object) -> str:
    """Unseen characters are seen (law 8); what is not there is said in words."""
    if value is None:
        return "(nothing)"
    return "\n".join(wire(line) for line in text.as_yaml(value).removesuffix("...\n").splitlines())


@act_on_change
def update(request: HttpRequest, change: Change, actor: User) -> str:
    """One button settles all for a side; without it each conflict has its own choice."""
    wanted, head = said(request, "prefer"), said(request, "head")
    bring_up_to_date(
        change=change,
        actor=actor,
        prefer=Side(wanted) if wanted in (Side.DRAFT, Side.HEAD) else None,
        choices={} if wanted else _chosen(request, change),
        seen_head=int(head[:10]) if head.isdecimal() else None,
        now=timezone.now(),
        request=request,
    )
    return "Brought up to date with what is published."


def _chosen(request: HttpRequest, change: Change) -> dict[Key, Choice]:
    """What the page's fields say. Raises InvalidObject for a typed value that is none."""
    chosen = {}
    for number, conflict in enumerate(plan_change(change, now=timezone.now()).conflicts):
        side = said(request, f"c{number}")
        if side in set(Side):
            key = (conflict.kind, conflict.object_id, conflict.field)
            chosen[key] = Choice(Side(side), _typed(request, number, conflict) if side == Side.TYPED else None)
    return chosen


def _typed(request: HttpRequest, number: int, conflict: Conflict) -> object:
    try:
        return text.value(request.POST.get(f"c{number}-typed", ""))
    except text.BadText as bad:
        raise InvalidObject({label(conflict.field): [str(bad.problems[0])]}) from None
