"""The condition that the sender is a member of one group and a recipient of the other, either way round. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from transport.config.objects import RuleCondition, SenderAddressLocation
from transport.model.address import Address
from transport.ports.unavailable import LookupUnavailable
from transport.rules.criteria.addresses import MAX_SENDERS, AddressTest, of_recipients, of_sender
from transport.rules.criteria.question import Around, Test
from transport.rules.rule_facts import RuleFacts


def between_members(condition: RuleCondition, where: SenderAddressLocation) -> Test:
    """Recipients are asked about all groups together that the sender's lead to: they may be many."""
    across = _across(condition.values)

    def test(sender: Address, facts: RuleFacts, around: Around) -> str:
        if sender.is_null:
            return ""
        sure: list[str] = []
        unsure: list[str] = []
        unknown: LookupUnavailable | None = None
        for group, others in across.items():
            try:
                sure += others if around.known.is_member((group,), sender) else ()
            except LookupUnavailable as error:
                unsure += others
                unknown = error
        found = of_recipients(_is_in(sure))(facts, around)
        if not found and unknown is not None and of_recipients(_is_in(unsure))(facts, around):
            raise unknown
        return f"{sender} is a member of one group, {found} of the other" if found else ""

    return of_sender(test, where, most=MAX_SENDERS)


def _across(pairs: Iterable[str]) -> dict[str, list[str]]:
    """Each group with those that it is in a pair with."""
    found: dict[str, list[str]] = {}
    for one, other in _both_ways(pairs):
        found.setdefault(one, []).append(other)
    return found


def _both_ways(pairs: Iterable[str]) -> Iterator[tuple[str, str]]:
    for pair in pairs:
        one, _, other = pair.lower().partition(", ")
        yield one, other
        yield other, one


def _is_in(groups: Iterable[str]) -> AddressTest:
    asked = tuple(sorted(set(groups)))

    def test(address: Address, facts: RuleFacts, around: Around) -> str:
        is_inside = bool(asked) and not address.is_null and around.known.is_member(asked, address)
        return str(address) if is_inside else ""

    return test
