"""A mail flow rule in words: if the message is such, except if it is such, what is done."""

from __future__ import annotations

from typing import Any

from transport.config.phrases import join
from transport.config.rule_kinds import INSIDE, OUTSIDE, ActionKind, ConditionKind, ValueKind

SHOWN = 5
_SCOPES = {INSIDE: "inside the organisation", OUTSIDE: "outside the organisation"}
_QUOTED = (ValueKind.WORD, ValueKind.PATTERN)
Json = dict[str, Any]


def condition_words(value: Json) -> str:
    """``the subject contains “invoice” or “bill”``, of a condition or exception as JSON."""
    spec = ConditionKind(value["kind"]).spec
    return spec.phrase.format(_either(value["values"], is_quoted=spec.values in _QUOTED), header=value["header"])


def action_words(value: Json) -> str:
    """``redirect the message to anna@contoso.com``."""
    said = ActionKind(value["kind"]).spec.phrase
    return said.format(
        join(_shown(value["values"])), header=value["header"], text=value["text"], status=value["status"]
    )


def rule_words(value: Json) -> str:
    """The whole rule as one sentence without its end."""
    conditions = " and ".join(map(condition_words, value["conditions"]))
    exceptions = ", or if ".join(map(condition_words, value["exceptions"]))
    which = f"if {conditions}" if conditions else "for every message"
    but = f", except if {exceptions}" if exceptions else ""
    return f"{which}{but}: {join(map(action_words, value['actions']))}"


def _either(values: list[str], *, is_quoted: bool) -> str:
    texts = [f"“{one}”" if is_quoted else _SCOPES.get(one, one) for one in _shown(values)]
    return " or ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _shown(values: list[str]) -> list[str]:
    return [*values[:SHOWN], f"{len(values) - SHOWN} more"] if len(values) > SHOWN + 1 else list(values)
