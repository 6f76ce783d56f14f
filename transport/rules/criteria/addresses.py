"""Conditions about senders and recipients: one by one, or by domain, words, pattern, group or scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from transport.config.objects import DomainType, RuleCondition, SenderAddressLocation
from transport.config.rule_kinds import INSIDE, ConditionKind
from transport.model.address import Address
from transport.ports.unavailable import LookupUnavailable
from transport.rules.criteria.question import Around, Test, first_match
from transport.rules.pattern_match import Pattern, Words
from transport.rules.patterns import AddressPatterns
from transport.rules.pressure import is_from_outside
from transport.rules.rule_facts import NotKnown, RuleFacts
from transport.rules.ruleset import Ruleset

MAX_SENDERS = 10
"""Of a header, that are looked for in the directory; RFC 5322 3.6.2 sets no bound, and who writes more deceives."""
# What an address is asked: what was found, or empty.
AddressTest = Callable[[Address, RuleFacts, Around], str]


def _is_one_of(condition: RuleCondition) -> AddressTest:
    wanted = frozenset(value.lower() for value in condition.values)
    return lambda address, facts, around: str(address) if address.key in wanted else ""


def _has_domain(condition: RuleCondition) -> AddressTest:
    patterns = AddressPatterns(f"*.{value}" for value in condition.values)
    return lambda address, facts, around: str(address) if address.domain and patterns.match(address) else ""


def _has_words(condition: RuleCondition) -> AddressTest:
    words = Words(condition.values)
    return lambda address, facts, around: f"{address} contains “{found}”" if (found := words.find(str(address))) else ""


def _has_pattern(condition: RuleCondition) -> AddressTest:
    patterns = [Pattern(value) for value in condition.values]
    return lambda address, facts, around: first_match(patterns, str(address), facts.steps)


def is_member(condition: RuleCondition) -> AddressTest:
    groups = condition.values

    def test(address: Address, facts: RuleFacts, around: Around) -> str:
        if address.is_null or not around.known.is_member(groups, address):
            return ""
        return f"{address} is a member"

    return test


def _is_in_scope(condition: RuleCondition) -> AddressTest:
    wanted = {value == INSIDE for value in condition.values}

    def test(address: Address, facts: RuleFacts, around: Around) -> str:
        is_inside = _is_ours(around.ruleset, address)
        return f"{address} is {'inside' if is_inside else 'outside'}" if is_inside in wanted else ""

    return test


def _sender_is_in_scope(condition: RuleCondition) -> AddressTest:
    wanted = {value == INSIDE for value in condition.values}

    def test(address: Address, facts: RuleFacts, around: Around) -> str:
        # Exchange: inside is who has an address of ours and came by a way that strangers don't have.
        is_inside = _is_ours(around.ruleset, address) and not _is_stranger(around.ruleset, facts)
        shown = str(address) or "the null sender"
        return f"{shown} is {'inside' if is_inside else 'outside'}" if is_inside in wanted else ""

    return test


def _is_stranger(ruleset: Ruleset, facts: RuleFacts) -> bool:
    return facts.session is not None and is_from_outside(ruleset, facts.session)


def _is_ours(ruleset: Ruleset, address: Address) -> bool:
    """Whether the domain is ours: accepted, and not only passed on to others."""
    accepted = ruleset.accepted_domain(address.domain) if address.domain else None
    return accepted is not None and accepted.domain_type is not DomainType.EXTERNAL_RELAY


OF_SENDER: dict[ConditionKind, Callable[[RuleCondition], AddressTest]] = {
    ConditionKind.FROM: _is_one_of,
    ConditionKind.FROM_SCOPE: _sender_is_in_scope,
    ConditionKind.FROM_MEMBER_OF: is_member,
    ConditionKind.FROM_ADDRESS_WORDS: _has_words,
    ConditionKind.FROM_ADDRESS_PATTERNS: _has_pattern,
    ConditionKind.SENDER_DOMAIN: _has_domain,
}
OF_RECIPIENT: dict[ConditionKind, Callable[[RuleCondition], AddressTest]] = {
    ConditionKind.SENT_TO: _is_one_of,
    ConditionKind.SENT_TO_SCOPE: _is_in_scope,
    ConditionKind.SENT_TO_MEMBER_OF: is_member,
    ConditionKind.RECIPIENT_WORDS: _has_words,
    ConditionKind.RECIPIENT_PATTERNS: _has_pattern,
    ConditionKind.RECIPIENT_DOMAIN: _has_domain,
}


def any_of(test: AddressTest, addresses: Iterable[Address], facts: RuleFacts, around: Around) -> str:
    """Each is asked once; one that fits is enough, though another can't be told."""
    unknown: Exception | None = None
    try:
        for address in addresses:
            try:
                found = test(address, facts, around)
            except LookupUnavailable as error:
                unknown = error
                continue
            if found:
                return found
    except NotKnown as error:
        raise unknown or error from None
    if unknown is not None:
        raise unknown
    return ""


def few(addresses: Sequence[Address], most: int, names: str) -> Iterator[Address]:
    """The first of them. Raises NotKnown where there are more: each costs a look at the directory, and a stranger may
    write thousands."""
    yield from addresses[:most]
    if len(addresses) > most:
        raise NotKnown(f"{names} {len(addresses):,} addresses; no more than {most} are looked up.")


def of_sender(test: AddressTest, where: SenderAddressLocation, *, most: int | None = None) -> Test:
    """``most``: of the header's, that are asked."""

    def ask(facts: RuleFacts, around: Around) -> str:
        if where is SenderAddressLocation.ENVELOPE:
            return test(facts.sender, facts, around)
        if where is SenderAddressLocation.HEADER_OR_ENVELOPE:
            found = test(facts.sender, facts, around)
            if found:
                return found
        senders = _header_senders(facts)
        asked = senders if most is None else few(senders, most, "From and Sender name")
        return any_of(test, asked, facts, around)

    return ask


def _header_senders(facts: RuleFacts) -> list[Address]:
    """From and Sender; the envelope's where there is neither, as in a report. Raises NotKnown."""
    found: dict[str, Address] = {}
    for name in ("From", "Sender"):
        addresses = facts.fields.addresses(name)
        if addresses is None:
            raise NotKnown(f"The {name} field can't be read for certain.")
        found |= {address.key: address for address in addresses}
    return list(found.values()) or [facts.sender]


def of_recipients(test: AddressTest) -> Test:
    return lambda facts, around: any_of(test, facts.recipients, facts, around)
