"""Conditions about people as the directory knows them: their attributes and managers, and who is in a group.

An address that the directory does not know has no attributes and no manager, and is in no group of its.
"""

from __future__ import annotations

from collections.abc import Callable

from transport.config.objects import RuleCondition, SenderAddressLocation
from transport.config.rule_kinds import MANAGER_OF, REPORTS_TO, ConditionKind
from transport.model.address import Address
from transport.rules.criteria.addresses import (
    MAX_SENDERS,
    AddressTest,
    any_of,
    few,
    is_member,
    of_recipients,
    of_sender,
)
from transport.rules.criteria.between_groups import between_members
from transport.rules.criteria.question import Around, Test, first_match
from transport.rules.pattern_match import Pattern, Steps, Words
from transport.rules.rule_facts import NotKnown, RuleFacts

MAX_NAMED = 500
"""Of a field, that are looked for in groups."""
_MANAGER = "Manager"
_Between = Callable[[Address, Address, Around], str]
"""What a sender and a recipient are to each other, or empty."""


def _has_words(condition: RuleCondition) -> AddressTest:
    asked = [(name, Words((sought,))) for name, _, sought in (value.partition(":") for value in condition.values)]

    def find(name: str, words: Words, address: Address, around: Around) -> str:
        found = next((word for text in around.known.values(address, name) if (word := words.find(text))), "")
        return f"{name} of {address} contains “{found}”" if found else ""

    return lambda address, facts, around: next(
        (found for name, words in asked if (found := find(name, words, address, around))), ""
    )


def _has_pattern(condition: RuleCondition) -> AddressTest:
    asked = [(name, Pattern(sought)) for name, _, sought in (value.partition(":") for value in condition.values)]

    def find(name: str, pattern: Pattern, address: Address, steps: Steps, around: Around) -> str:
        found = (first_match([pattern], text, steps) for text in around.known.values(address, name))
        said = next((one for one in found if one), "")
        return f"{name} of {address}: {said}" if said else ""

    return lambda address, facts, around: next(
        (found for name, pattern in asked if (found := find(name, pattern, address, facts.steps, around))), ""
    )


def _has_manager(condition: RuleCondition) -> AddressTest:
    wanted = frozenset(value.lower() for value in condition.values)

    def test(address: Address, facts: RuleFacts, around: Around) -> str:
        managers = around.known.values(address, _MANAGER)
        return f"the manager of {address} is {managers[0]}" if managers and managers[0].lower() in wanted else ""

    return test


def _is_managed_by(one: Address, other: Address, around: Around) -> bool:
    """Whether the manager of ``one`` is ``other``, by whichever of its addresses."""
    managers = around.known.values(one, _MANAGER)
    if not managers:
        return False
    entry = around.known.entry(other)
    return managers[0].lower() in (other.key, entry.primary_address.lower() if entry is not None else "")


def _management(condition: RuleCondition) -> _Between:
    def find(sender: Address, recipient: Address, around: Around) -> str:
        if MANAGER_OF in condition.values and _is_managed_by(recipient, sender, around):
            return f"{sender} is the manager of {recipient}"
        if REPORTS_TO in condition.values and _is_managed_by(sender, recipient, around):
            return f"{sender} reports to {recipient}"
        return ""

    return find


def _same(condition: RuleCondition) -> _Between:
    def find(sender: Address, recipient: Address, around: Around) -> str:
        for name in condition.values:
            here, there = around.known.folded(sender, name), around.known.folded(recipient, name)
            if here & there:
                return f"{sender} and {recipient} have the same {name}"
        return ""

    return find


def _other(condition: RuleCondition) -> _Between:
    """Who has none of it differs from who has one, as in Exchange."""

    def find(sender: Address, recipient: Address, around: Around) -> str:
        for name in condition.values:
            here, there = around.known.folded(sender, name), around.known.folded(recipient, name)
            if here != there:
                return f"{sender} and {recipient} differ in {name}"
        return ""

    return find


def _between(made: Callable[[RuleCondition], _Between]) -> Callable[[RuleCondition, SenderAddressLocation], Test]:
    def compile(condition: RuleCondition, where: SenderAddressLocation) -> Test:
        find = made(condition)

        def test(sender: Address, facts: RuleFacts, around: Around) -> str:
            return of_recipients(lambda recipient, _, __: find(sender, recipient, around))(facts, around)

        return of_sender(test, where, most=MAX_SENDERS)

    return compile


def _names_members(*fields: str) -> Callable[[RuleCondition], Test]:
    def made(condition: RuleCondition) -> Test:
        member = is_member(condition)

        def test(facts: RuleFacts, around: Around) -> str:
            unreadable = ""
            for name in fields:
                addresses = facts.fields.addresses(name)
                unreadable = name if addresses is None else unreadable
                if found := any_of(member, few(addresses or (), MAX_NAMED, f"{name} names"), facts, around):
                    return f"{name} names {found}"
            if unreadable:
                raise NotKnown(f"The {unreadable} field can't be read for certain.")
            return ""

        return test

    return made


OF_SENDER: dict[ConditionKind, Callable[[RuleCondition], AddressTest]] = {
    ConditionKind.SENDER_ATTRIBUTE_WORDS: _has_words,
    ConditionKind.SENDER_ATTRIBUTE_PATTERNS: _has_pattern,
    ConditionKind.SENDER_MANAGER: _has_manager,
}
OF_RECIPIENT: dict[ConditionKind, Callable[[RuleCondition], AddressTest]] = {
    ConditionKind.RECIPIENT_ATTRIBUTE_WORDS: _has_words,
    ConditionKind.RECIPIENT_ATTRIBUTE_PATTERNS: _has_pattern,
    ConditionKind.RECIPIENT_MANAGER: _has_manager,
}
OF_BOTH: dict[ConditionKind, Callable[[RuleCondition, SenderAddressLocation], Test]] = {
    ConditionKind.MANAGEMENT: _between(_management),
    ConditionKind.SAME_ATTRIBUTE: _between(_same),
    ConditionKind.OTHER_ATTRIBUTE: _between(_other),
    ConditionKind.BETWEEN_MEMBERS: between_members,
}
OF_NAMED: dict[ConditionKind, Callable[[RuleCondition], Test]] = {
    ConditionKind.TO_MEMBER_OF: _names_members("To"),
    ConditionKind.CC_MEMBER_OF: _names_members("Cc"),
    ConditionKind.TO_CC_MEMBER_OF: _names_members("To", "Cc"),
}
