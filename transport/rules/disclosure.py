"""A resolution as it may be told to people who must not know the members of some groups. Pure.

What only such a group leads to is left out, and so is every sentence that tells of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from transport.model.address import Address
from transport.model.event import EventId
from transport.rules.recipients import Change, Problem, Refusal, Resolution

HIDES = "The directory hides its members."
UNTOLD = "A group that hides its members has something to do with it: administrators see what."


def disclosed(resolution: Resolution, asked: Collection[Address], hidden: Collection[str]) -> Resolution:
    """``asked`` is what was resolved. ``hidden`` are keys of groups; their members are counted in ``Change.untold``,
    and not named."""
    expanded = {one.address.key for one in resolution.changes if one.event is EventId.EXPAND}
    if not expanded.intersection(hidden):
        return resolution
    changes = [_change(one, hidden) for one in resolution.changes]
    seen = _reached(asked, changes)
    refusals = [_refusal(one, seen, hidden) for one in resolution.refusals if one.address.key in seen]
    return Resolution(
        [one for one in resolution.deliveries if one.address.key in seen],
        [one for one in changes if one.address.key in seen],
        refusals,
        _problems(resolution.problems, seen, hidden),
    )


def _change(change: Change, hidden: Collection[str]) -> Change:
    if change.event is not EventId.EXPAND or change.address.key not in hidden:
        return change
    return replace(change, to=(), untold=len(change.to), because=f"{change.because} {HIDES}")


def _reached(asked: Collection[Address], changes: list[Change]) -> frozenset[str]:
    """The keys of all that is reached by what may be told; the first change is that of the postmaster where no domain
    was asked for."""
    leads: dict[str, list[str]] = {}
    for change in changes:
        leads.setdefault(change.address.key, []).extend(to.key for to in change.to)
    ahead = [one.key for one in (*asked, *(change.address for change in changes[:1]))]
    seen: set[str] = set()
    while ahead:
        key = ahead.pop()
        if key not in seen:
            seen.add(key)
            ahead += leads.get(key, ())
    return frozenset(seen)


def _refusal(refusal: Refusal, seen: Collection[str], hidden: Collection[str]) -> Refusal:
    return refusal if _may_be_told(refusal.about, seen, hidden) else replace(refusal, because=UNTOLD, about=())


def _problems(problems: list[Problem], seen: Collection[str], hidden: Collection[str]) -> list[Problem]:
    told = [one for one in problems if _may_be_told((one.at,), seen, hidden)]
    return told if len(told) == len(problems) else [*told, Problem(problems[0].at, UNTOLD)]


def _may_be_told(about: Collection[Address], seen: Collection[str], hidden: Collection[str]) -> bool:
    return all(one.key in seen and one.key not in hidden for one in about)
