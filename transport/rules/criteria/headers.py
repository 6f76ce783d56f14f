"""Conditions about a message's header, and its size as a whole."""

from __future__ import annotations

from collections.abc import Callable

from transport.config.objects import RuleCondition
from transport.config.rule_kinds import ConditionKind
from transport.config.types import parse_size
from transport.model.priority import Priority
from transport.rules import message_types
from transport.rules.criteria.question import Around, Test, first_match
from transport.rules.pattern_match import Pattern, Words, words_of
from transport.rules.priority import priority
from transport.rules.rule_facts import NotKnown, RuleFacts
from transport.rules.rule_header import MAX_TEXT, HeaderFields


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
        texts = _texts(condition, facts)
        said = facts.fields.words(name) if facts.has_content else words_of(texts)
        found = words.find_among(texts, said, facts.steps)
        if not found:
            _look_no_further(condition, facts)
        return f"{name} contains “{found}”" if found else ""

    return test


def _patterns_in(condition: RuleCondition) -> Test:
    patterns = [Pattern(value) for value in condition.values]

    def test(facts: RuleFacts, around: Around) -> str:
        matched = (first_match(patterns, text, facts.steps) for text in _texts(condition, facts))
        found = next((one for one in matched if one), "")
        if not found:
            _look_no_further(condition, facts)
        return found

    return test


def _priority(fields: HeaderFields) -> Priority:
    return priority(bytes(fields), size_bytes=0, max_high_bytes=1)


def _importance(condition: RuleCondition) -> Test:
    wanted = frozenset(condition.values)

    def test(facts: RuleFacts, around: Around) -> str:
        found = facts.fields.once("importance", _priority).value
        return f"its importance is {found}" if found in wanted else ""

    return test


def _type(condition: RuleCondition) -> Test:
    wanted = frozenset(condition.values)

    def test(facts: RuleFacts, around: Around) -> str:
        found = sorted(wanted & facts.fields.once("types", message_types.types))
        return f"its type is {found[0]}" if found else ""

    return test


def _size(condition: RuleCondition) -> Test:
    limit = int(parse_size(condition.values[0]))
    return lambda facts, around: f"it has {facts.size_bytes:,} octets" if facts.size_bytes > limit else ""


OF_HEADER: dict[ConditionKind, Callable[[RuleCondition], Test]] = {
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
}
