"""Which approval rules are about a change: the first, and others where it does several things. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from transport.config.diff import ObjectChange
from transport.config.objects import ApprovalRule, Risk
from transport.config.validate_approval import APPROVAL, PROTECTED
from transport.rules.ending import ending, only_ends

_TAKEN_BY = ("is_enabled", "priority", "kinds", "risk", "expires_within")
"""Says which changes a rule takes from those after it."""


def in_order(rules: Iterable[ApprovalRule]) -> list[ApprovalRule]:
    """Those that are asked, the first first."""
    return sorted((rule for rule in rules if rule.is_enabled), key=_place)


def rules_about(
    change: ObjectChange, rules: list[ApprovalRule], *, is_broad: bool, now: datetime
) -> list[ApprovalRule | None]:
    """All of them have to be content; None asks for one of any reviewer. ``rules`` are in order.

    The rules themselves, where none names them, need what the strictest of them asks, and each that they make weaker:
    else fewer people, or others, could lower a rule than it asks for.
    """
    ends = bool(ending(change, now))
    found = [_first_about(change, rules, is_broad=is_broad, ends=ends, now=now)]
    if ends and not only_ends(change, now):
        # What does more than end it needs what the rest of it needs, too.
        found.append(_first_about(change, rules, is_broad=is_broad, ends=False, now=now))
    if change.kind in PROTECTED and rules and not all(one is not None and one.kinds for one in found):
        found += [max(rules, key=_strictness), *(rule for rule in rules if _is_weakened(rule, change))]
    return [one for place, one in enumerate(found) if one not in found[:place]]


def _first_about(
    change: ObjectChange, rules: list[ApprovalRule], *, is_broad: bool, ends: bool, now: datetime
) -> ApprovalRule | None:
    return next((one for one in rules if _is_about(one, change, is_broad=is_broad, ends=ends, now=now)), None)


def _is_about(rule: ApprovalRule, change: ObjectChange, *, is_broad: bool, ends: bool, now: datetime) -> bool:
    if rule.kinds and change.kind not in rule.kinds:
        return False
    if not rule.approvals and (is_broad or change.kind in PROTECTED):
        return False
    if rule.risk is Risk.BROAD and not is_broad:
        return False
    if rule.risk is Risk.DELETION and not ends:
        return False
    return rule.expires_within is None or _ends_within(change, rule.expires_within, now)


def _ends_within(change: ObjectChange, seconds: int, now: datetime) -> bool:
    """A new object that ends so soon; one that was there before had an effect that the end does not undo."""
    ends = (change.after or {}).get("expires_at")
    return change.is_new and isinstance(ends, str) and datetime.fromisoformat(ends) - now <= timedelta(seconds=seconds)


def _is_weakened(rule: ApprovalRule, change: ObjectChange) -> bool:
    """Whether the change is to the rule, to whom it asks, or puts another rule before it."""
    if change.kind != APPROVAL:
        return change.object_id in rule.reviewer_groups
    return change.object_id == rule.id or any(_place(one) < _place(rule) for one in _taking(change, rule))


def _taking(change: ObjectChange, rule: ApprovalRule) -> Iterator[ApprovalRule]:
    """The rule that it makes, where that newly takes what the other may be about."""
    before, after = change.before or {}, change.after
    if after is None or all(before.get(name) == after[name] for name in _TAKEN_BY):
        return
    made = ApprovalRule.model_validate(after)
    if made.is_enabled and (not made.kinds or not rule.kinds or set(made.kinds) & set(rule.kinds)):
        yield made


def _place(rule: ApprovalRule) -> tuple[int, str]:
    return rule.priority, rule.id


def _strictness(rule: ApprovalRule) -> tuple[int, bool]:
    return rule.approvals, bool(rule.reviewer_groups)
