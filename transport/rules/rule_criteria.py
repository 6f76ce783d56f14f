"""Conditions of mail flow rules made ready: each answers yes, no or cannot tell, with what was found. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from transport.config.objects import DomainType, RuleCondition, SenderAddressLocation
from transport.config.rule_kinds import INSIDE, ConditionKind, Reads
from transport.config.types import parse_size
from transport.model.address import Address
from transport.model.verdict import Answer
from transport.ports.recipients import RecipientLookup
from transport.ports.unavailable import LookupUnavailable
from transport.rules import message_types
from transport.rules.disclosure import UNTOLD, Withheld
from transport.rules.networks import NetworkIndex
from transport.rules.pattern_match import Pattern, Steps, TooMuchWork, Words
from transport.rules.patterns import AddressPatterns
from transport.rules.pressure import is_from_outside
from transport.rules.priority import priority
from transport.rules.restrictions import is_member_of_any
from transport.rules.rule_facts import NotKnown, RuleFacts
from transport.rules.rule_header import MAX_TEXT
from transport.rules.rule_mime import Attachment, end_of
from transport.rules.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class Around:
    """What a question is put to, beside the message."""

    ruleset: Ruleset
    lookup: RecipientLookup


@dataclass(frozen=True, slots=True)
class Finding:
    """``because`` says what was found, or why it can't be told; empty for a plain no. ``is_withheld``: who asks must
    not know."""

    answer: Answer
    because: str = ""
    is_withheld: bool = False


_NO = Finding(Answer.NO)
Test = Callable[[RuleFacts, Around], str]
"""What was found, or empty. Raises NotKnown, TooMuchWork, LookupUnavailable."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition or exception; ``reads`` says how much of the message it needs."""

    kind: ConditionKind
    reads: Reads
    test: Test

    def ask(self, facts: RuleFacts, around: Around) -> Finding:
        try:
            found = self.test(facts, around)
        except NotKnown as error:
            return Finding(Answer.CANNOT_TELL, f"{self.kind}: {error}")
        except TooMuchWork:
            return Finding(Answer.CANNOT_TELL, f"{self.kind}: the message takes too long to be looked through.")
        except Withheld:
            return Finding(Answer.CANNOT_TELL, f"{self.kind}: {UNTOLD}", is_withheld=True)
        except LookupUnavailable as error:
            return Finding(Answer.CANNOT_TELL, f"{self.kind}: the directory cannot answer: {error}.")
        return Finding(Answer.YES, found) if found else _NO


def compile_criterion(condition: RuleCondition, where: SenderAddressLocation) -> Criterion:
    """Made once for each revision."""
    kind = condition.kind
    reads = kind.spec.reads
    if kind in _OF_SENDER:
        reads = Reads.ENVELOPE if where is SenderAddressLocation.ENVELOPE else Reads.HEADER
        if kind is ConditionKind.FROM_MEMBER_OF:
            reads = max(reads, Reads.DIRECTORY)
        return Criterion(kind, reads, _of_sender(_OF_SENDER[kind](condition), where))
    if kind in _OF_RECIPIENT:
        return Criterion(kind, reads, _of_recipients(_OF_RECIPIENT[kind](condition)))
    return Criterion(kind, reads, _OF_MESSAGE[kind](condition))


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
    return lambda address, facts, around: _matched(patterns, str(address), facts.steps)


def _is_member(condition: RuleCondition) -> AddressTest:
    groups = condition.values

    def test(address: Address, facts: RuleFacts, around: Around) -> str:
        if address.is_null or not is_member_of_any(around.ruleset, groups, address, around.lookup):
            return ""
        return f"{address} is a member"

    return test


def _is_in_scope(condition: RuleCondition) -> AddressTest:
    wanted = {value == INSIDE for value in condition.values}

    def test(address: Address, facts: RuleFacts, around: Around) -> str:
        is_inside = is_ours(around.ruleset, address)
        return f"{address} is {'inside' if is_inside else 'outside'}" if is_inside in wanted else ""

    return test


def _sender_is_in_scope(condition: RuleCondition) -> AddressTest:
    wanted = {value == INSIDE for value in condition.values}

    def test(address: Address, facts: RuleFacts, around: Around) -> str:
        # Exchange: inside is who has an address of ours and came by a way that strangers don't have.
        is_inside = is_ours(around.ruleset, address) and not _is_stranger(around.ruleset, facts)
        shown = str(address) or "the null sender"
        return f"{shown} is {'inside' if is_inside else 'outside'}" if is_inside in wanted else ""

    return test


def _is_stranger(ruleset: Ruleset, facts: RuleFacts) -> bool:
    return facts.session is not None and is_from_outside(ruleset, facts.session)


def is_ours(ruleset: Ruleset, address: Address) -> bool:
    """Whether the domain is ours: accepted, and not only passed on to others."""
    accepted = ruleset.accepted_domain(address.domain) if address.domain else None
    return accepted is not None and accepted.domain_type is not DomainType.EXTERNAL_RELAY


_OF_SENDER: dict[ConditionKind, Callable[[RuleCondition], AddressTest]] = {
    ConditionKind.FROM: _is_one_of,
    ConditionKind.FROM_SCOPE: _sender_is_in_scope,
    ConditionKind.FROM_MEMBER_OF: _is_member,
    ConditionKind.FROM_ADDRESS_WORDS: _has_words,
    ConditionKind.FROM_ADDRESS_PATTERNS: _has_pattern,
    ConditionKind.SENDER_DOMAIN: _has_domain,
}
_OF_RECIPIENT: dict[ConditionKind, Callable[[RuleCondition], AddressTest]] = {
    ConditionKind.SENT_TO: _is_one_of,
    ConditionKind.SENT_TO_SCOPE: _is_in_scope,
    ConditionKind.SENT_TO_MEMBER_OF: _is_member,
    ConditionKind.RECIPIENT_WORDS: _has_words,
    ConditionKind.RECIPIENT_PATTERNS: _has_pattern,
    ConditionKind.RECIPIENT_DOMAIN: _has_domain,
}


def _any(test: AddressTest, addresses: Iterable[Address], facts: RuleFacts, around: Around) -> str:
    """Each is asked once; one that fits is enough, though another can't be told."""
    unknown: Exception | None = None
    for address in addresses:
        try:
            found = test(address, facts, around)
        except LookupUnavailable as error:
            unknown = error
            continue
        if found:
            return found
    if unknown is not None:
        raise unknown
    return ""


def _of_sender(test: AddressTest, where: SenderAddressLocation) -> Test:
    def ask(facts: RuleFacts, around: Around) -> str:
        if where is SenderAddressLocation.ENVELOPE:
            return test(facts.sender, facts, around)
        if where is SenderAddressLocation.HEADER_OR_ENVELOPE:
            found = test(facts.sender, facts, around)
            if found:
                return found
        return _any(test, _header_senders(facts), facts, around)

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


def _of_recipients(test: AddressTest) -> Test:
    return lambda facts, around: _any(test, facts.recipients, facts, around)


def _matched(patterns: list[Pattern], text: str, steps: Steps) -> str:
    for pattern in patterns:
        if pattern.is_in(text, steps):
            return f"“{text[:100]}” matches “{pattern.text}”"
    return ""


def _client_address(condition: RuleCondition) -> Test:
    index = NetworkIndex((value, value) for value in condition.values)

    def test(facts: RuleFacts, around: Around) -> str:
        peer = facts.session.peer if facts.session is not None else ""
        found = index.find_all(peer) if peer else []
        return f"{peer} is in {found[0]}" if found else ""

    return test


def _signed_in(condition: RuleCondition) -> Test:
    wanted = {value == "Yes" for value in condition.values}

    def test(facts: RuleFacts, around: Around) -> str:
        identity = facts.session.identity if facts.session is not None else ""
        if bool(identity) not in wanted:
            return ""
        return f"{identity} signed in" if identity else "nobody signed in"

    return test


def _receive_connector(condition: RuleCondition) -> Test:
    wanted = frozenset(condition.values)

    def test(facts: RuleFacts, around: Around) -> str:
        connector_id = facts.session.connector_id if facts.session is not None else ""
        return f"it came by {connector_id}" if connector_id in wanted else ""

    return test


def _names_in(*fields: str) -> Callable[[RuleCondition], Test]:
    def made(condition: RuleCondition) -> Test:
        wanted = frozenset(value.lower() for value in condition.values)

        def test(facts: RuleFacts, around: Around) -> str:
            unreadable = ""
            for name in fields:
                addresses = facts.fields.addresses(name)
                unreadable = name if addresses is None else unreadable
                found = next((one for one in addresses or () if one.key in wanted), None)
                if found is not None:
                    return f"{name} names {found}"
            if unreadable:
                raise NotKnown(f"The {unreadable} field can't be read for certain.")
            return ""

        return test

    return made


def _texts(condition: RuleCondition, facts: RuleFacts) -> list[str]:
    return facts.fields.texts(condition.header) if condition.header else facts.subjects


def _look_no_further(condition: RuleCondition, facts: RuleFacts) -> None:
    """Nothing was found. Raises NotKnown where not all was looked at."""
    name = condition.header or "Subject"
    if facts.has_content and facts.fields.is_cut(name):
        raise NotKnown(f"The field {name} is longer than {MAX_TEXT:,} characters.")


def _words_in(condition: RuleCondition) -> Test:
    words = Words(condition.values)
    name = condition.header or "Subject"

    def test(facts: RuleFacts, around: Around) -> str:
        found = next((word for text in _texts(condition, facts) if (word := words.find(text))), "")
        if not found:
            _look_no_further(condition, facts)
        return f"{name} contains “{found}”" if found else ""

    return test


def _patterns_in(condition: RuleCondition) -> Test:
    patterns = [Pattern(value) for value in condition.values]

    def test(facts: RuleFacts, around: Around) -> str:
        matched = (_matched(patterns, text, facts.steps) for text in _texts(condition, facts))
        found = next((one for one in matched if one), "")
        if not found:
            _look_no_further(condition, facts)
        return found

    return test


def _importance(condition: RuleCondition) -> Test:
    wanted = frozenset(condition.values)

    def test(facts: RuleFacts, around: Around) -> str:
        found = priority(bytes(facts.fields), size_bytes=0, max_high_bytes=1).value
        return f"its importance is {found}" if found in wanted else ""

    return test


def _type(condition: RuleCondition) -> Test:
    wanted = frozenset(condition.values)

    def test(facts: RuleFacts, around: Around) -> str:
        found = sorted(wanted & message_types.types(facts.fields))
        return f"its type is {found[0]}" if found else ""

    return test


def _size(condition: RuleCondition) -> Test:
    limit = int(parse_size(condition.values[0]))
    return lambda facts, around: f"it has {facts.size_bytes:,} octets" if facts.size_bytes > limit else ""


def _attached(says: Callable[[RuleCondition], Callable[[Attachment, Steps], str]]) -> Callable[[RuleCondition], Test]:
    """One attachment that fits is enough, though not all could be looked at."""

    def made(condition: RuleCondition) -> Test:
        say = says(condition)

        def test(facts: RuleFacts, around: Around) -> str:
            attached = facts.attachments
            found = next((said for one in attached.found if (said := say(one, facts.steps))), "")
            if not found and attached.why_not_all:
                raise NotKnown(attached.why_not_all)
            if not found and condition.kind is ConditionKind.ATTACHMENT_PASSWORD:
                _all_locks_known(attached.found)
            return found

        return test

    return made


def _called(one: Attachment) -> str:
    return f"“{one.names[0][:100]}”" if one.names else "an attachment without a name"


def _name_matches(condition: RuleCondition) -> Callable[[Attachment, Steps], str]:
    patterns = [Pattern(value) for value in condition.values]
    return lambda one, steps: next((found for name in one.names if (found := _matched(patterns, name, steps))), "")


def _name_ends(condition: RuleCondition) -> Callable[[Attachment, Steps], str]:
    wanted = frozenset(condition.values)
    doubled = tuple(f".{value}" for value in condition.values if "." in value)

    def say(one: Attachment, steps: Steps) -> str:
        fits = (n for n in one.names if end_of(n) in wanted or (doubled and n.rstrip(". ").lower().endswith(doubled)))
        found = next(fits, "")
        return f"“{found[:100]}” is attached" if found else ""

    return say


def _larger(condition: RuleCondition) -> Callable[[Attachment, Steps], str]:
    limit = int(parse_size(condition.values[0]))
    return lambda one, steps: f"{_called(one)} has {one.size_bytes:,} octets" if one.size_bytes > limit else ""


def _executable(condition: RuleCondition) -> Callable[[Attachment, Steps], str]:
    return lambda one, steps: f"{_called(one)} is executable" if one.is_executable else ""


def _locked(condition: RuleCondition) -> Callable[[Attachment, Steps], str]:
    return lambda one, steps: f"{_called(one)} has a password" if one.has_password else ""


def _all_locks_known(found: Iterable[Attachment]) -> None:
    closed = next((one for one in found if one.has_password is None), None)
    if closed is not None:
        raise NotKnown(f"The end of the ZIP file {_called(closed)} can't be read.")


def _not_all(condition: RuleCondition) -> Test:
    return lambda facts, around: facts.attachments.why_not_all


_OF_MESSAGE: dict[ConditionKind, Callable[[RuleCondition], Test]] = {
    ConditionKind.SENDER_IP: _client_address,
    ConditionKind.SENDER_AUTHENTICATED: _signed_in,
    ConditionKind.RECEIVE_CONNECTOR: _receive_connector,
    ConditionKind.TO_HEADER: _names_in("To"),
    ConditionKind.CC_HEADER: _names_in("Cc"),
    ConditionKind.TO_CC_HEADER: _names_in("To", "Cc"),
    ConditionKind.SUBJECT_WORDS: _words_in,
    ConditionKind.SUBJECT_PATTERNS: _patterns_in,
    ConditionKind.HEADER_WORDS: _words_in,
    ConditionKind.HEADER_PATTERNS: _patterns_in,
    ConditionKind.IMPORTANCE: _importance,
    ConditionKind.MESSAGE_TYPE: _type,
    ConditionKind.MESSAGE_SIZE: _size,
    ConditionKind.ATTACHMENT_NAME: _attached(_name_matches),
    ConditionKind.ATTACHMENT_EXTENSION: _attached(_name_ends),
    ConditionKind.ATTACHMENT_SIZE: _attached(_larger),
    ConditionKind.ATTACHMENT_EXECUTABLE: _attached(_executable),
    ConditionKind.ATTACHMENT_PASSWORD: _attached(_locked),
    ConditionKind.ATTACHMENT_LIMIT: _not_all,
}
