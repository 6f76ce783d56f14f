"""Conditions about what is attached, and about the parts of a message."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from transport.config.objects import RuleCondition
from transport.config.rule_kinds import ConditionKind
from transport.config.types import parse_size
from transport.rules.criteria.question import Around, Test, first_match
from transport.rules.pattern_match import Pattern, Steps, Words
from transport.rules.rule_attachment import Attachment, end_of
from transport.rules.rule_facts import NotKnown, RuleFacts

_LOOKED_INTO = frozenset(
    (
        "docm", "docx", "pptm", "pptx", "pub", "one", "xlsb", "xlsm", "xlsx", "doc", "ppt", "xls", "rtf", "vdw",
        "vsd", "vss", "vst", "pdf", "html", "htm", "xml", "odp", "ods", "odt", "txt", "asm", "bat", "c", "cmd",
        "cpp", "cxx", "def", "dic", "h", "hpp", "hxx", "ibq", "idl", "inc", "inf", "ini", "inx", "js", "log",
        "m3u", "pl", "rc", "reg", "vbs", "wtx", "dxf", "jpg", "tiff", "arj", "bz2", "cab", "chm", "gz", "gzip",
        "lha", "lzh", "lzma", "mhtml", "msp", "rar", "rar4", "tar", "xar", "xz", "zip", "7z", "eml", "msg",
    )
)  # fmt: skip
"""Ends of names of the files whose text Exchange's rules read, and of archives that they open."""


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
    return lambda one, steps: next((found for name in one.names if (found := first_match(patterns, name, steps))), "")


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


def _unsupported(condition: RuleCondition) -> Callable[[Attachment, Steps], str]:
    """By all its names: one that another program would go by may be of another type."""

    def say(one: Attachment, steps: Steps) -> str:
        is_known = one.names and all(end_of(name) in _LOOKED_INTO for name in one.names)
        return "" if is_known else f"Exchange does not look into {_called(one)}"

    return say


def _locked(condition: RuleCondition) -> Callable[[Attachment, Steps], str]:
    return lambda one, steps: f"{_called(one)} has a password" if one.has_password else ""


def _all_locks_known(found: Iterable[Attachment]) -> None:
    closed = next((one for one in found if one.has_password is None), None)
    if closed is not None:
        raise NotKnown(f"The end of the ZIP file {_called(closed)} can't be read.")


def _not_all(condition: RuleCondition) -> Test:
    return lambda facts, around: facts.attachments.why_not_all


def _has_character_set(condition: RuleCondition) -> Test:
    words = Words(condition.values)

    def test(facts: RuleFacts, around: Around) -> str:
        parts = facts.attachments
        found = next((one for one in parts.character_sets if words.find(one)), "")
        if not found and parts.why_not_all:
            raise NotKnown(parts.why_not_all)
        return f"a part is in the character set “{found[:100]}”" if found else ""

    return test


OF_ATTACHMENT: dict[ConditionKind, Callable[[RuleCondition], Test]] = {
    ConditionKind.ATTACHMENT_NAME: _attached(_name_matches),
    ConditionKind.ATTACHMENT_EXTENSION: _attached(_name_ends),
    ConditionKind.ATTACHMENT_SIZE: _attached(_larger),
    ConditionKind.ATTACHMENT_EXECUTABLE: _attached(_executable),
    ConditionKind.ATTACHMENT_PASSWORD: _attached(_locked),
    ConditionKind.ATTACHMENT_LIMIT: _not_all,
    ConditionKind.ATTACHMENT_UNSUPPORTED: _attached(_unsupported),
    ConditionKind.CHARACTER_SET: _has_character_set,
}
