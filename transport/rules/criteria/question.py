"""What each condition of a mail flow rule is made into: a test of a message, with all that it may ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transport.rules.criteria.known import Known
from transport.rules.pattern_match import Pattern, Steps
from transport.rules.rule_facts import RuleFacts
from transport.rules.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class Around:
    """What a question is put to, beside the message."""

    ruleset: Ruleset
    known: Known


Test = Callable[[RuleFacts, Around], str]
"""What was found, or empty. Raises NotKnown, TooMuchWork, LookupUnavailable."""


def first_match(patterns: list[Pattern], text: str, steps: Steps) -> str:
    """Which pattern is in the text, as a finding; or empty. Raises TooMuchWork."""
    for pattern in patterns:
        if pattern.is_in(text, steps):
            return f"“{text[:100]}” matches “{pattern.text}”"
    return ""
