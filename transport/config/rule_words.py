"""A mail flow rule in words: if the message is such, except if it is such, what is done; and how it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from transport.config.diff import FieldChange
from transport.config.phrases import Parts, Say, join, label, show
from transport.config.rule_kinds import (
    AS_BCC,
    AS_CC,
    AS_TO,
    ATTRIBUTES,
    INSIDE,
    INSTEAD,
    MANAGER_OF,
    OUTSIDE,
    PATTERNS,
    REPORTS_TO,
    WORDS,
    ActionKind,
    ConditionKind,
    ValueKind,
)
from transport.config.tellers import Teller, on_off

SHOWN = 5
SHORT = 100
"""Characters of a text that are enough to know it by: of what may be told of each message."""
_SAID = {
    INSIDE: "inside the organisation",
    OUTSIDE: "outside the organisation",
    MANAGER_OF: "the manager",
    REPORTS_TO: "a direct report",
}
_SAID_OF_MANAGER = {
    AS_TO: "too, named in To",
    AS_CC: "too, named in Cc",
    AS_BCC: "too, as Bcc",
    INSTEAD: "instead of its recipients",
}
_QUOTED = WORDS | PATTERNS
Json = dict[str, Any]


def condition_words(value: Json) -> str:
    """``the subject contains “invoice” or “bill”``, of a condition or exception as JSON."""
    spec = ConditionKind(value["kind"]).spec
    said = {} if spec.choices == ATTRIBUTES else _SAID
    if spec.values is ValueKind.GROUP_PAIR:
        said = {one: one.replace(", ", " and ") for one in value["values"]}
    return spec.phrase.format(_either(value["values"], spec.values in _QUOTED, said), header=value["header"])


def action_words(value: Json, *, most: int | None = None) -> str:
    """``redirect the message to anna@contoso.com``. ``most``: so many characters of its text are enough."""
    kind = ActionKind(value["kind"])
    said = _SAID_OF_MANAGER if kind is ActionKind.ADD_MANAGER else {}
    values = [said.get(one, one) for one in _shown(value["values"])]
    text = _on_one_line(value["text"], most)
    return kind.spec.phrase.format(join(values), header=value["header"], text=text, status=value["status"])


def _on_one_line(text: str, most: int | None) -> str:
    line = " / ".join(part for part in text.split("\n") if part)
    return line if most is None or len(line) <= most else f"{line[:most]}…"


def rule_words(value: Json) -> str:
    """The whole rule as one sentence without its end."""
    conditions = " and ".join(map(condition_words, value["conditions"]))
    exceptions = ", or if ".join(map(condition_words, value["exceptions"]))
    which = f"if {conditions}" if conditions else "for every message"
    but = f", except if {exceptions}" if exceptions else ""
    return f"{which}{but}: {join(map(action_words, value['actions']))}"


def _either(values: list[str], is_quoted: bool, said: dict[str, str]) -> str:
    texts = [f"“{one}”" if is_quoted else said.get(one, one) for one in _shown(values)]
    return " or ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _shown(values: list[str]) -> list[str]:
    return [*values[:SHOWN], f"{len(values) - SHOWN} more"] if len(values) > SHOWN + 1 else list(values)


def _pieces(tell: Callable[[Any], str], *, added: str, removed: str) -> Teller:
    """Conditions, exceptions or actions of a mail flow rule."""

    def told(change: FieldChange) -> Iterator[Parts]:
        new = [one for one in change.after if one not in change.before]
        gone = [one for one in change.before if one not in change.after]
        yield from ((Say(added.format(tell(one))),) for one in new)
        yield from ((Say(removed.format(tell(one))),) for one in gone)
        if not new and not gone:
            yield (Say(f"changes the order of its {label(change.field)}"),)

    return told


def _place(change: FieldChange) -> Iterator[Parts]:
    yield (Say(f"is now asked at place {change.after} instead of {change.before}"),)


def _begin(change: FieldChange) -> Iterator[Parts]:
    after = f"from {show('activation_at', change.after)} on" if change.after else "at once"
    yield (Say(f"is now in force {after}"),)


def _mode(change: FieldChange) -> Iterator[Parts]:
    if change.after == "Enforce":
        yield (Say(f"now does what it says, instead of only telling ({change.before})"),)
    else:
        yield (Say(f"now only tells what it would do ({change.after}), instead of {change.before}"),)


def _severity(change: FieldChange) -> Iterator[Parts]:
    said = {
        "NotSpecified": "no longer says how grave it is that a message fits",
        "DoNotAudit": "no longer has a step of its own in the traces of messages",
    }
    words = said.get(change.after, f"now marks messages that fit with the audit severity {change.after}")
    yield (Say(f"{words} (before: {change.before})"),)


TELLERS: dict[tuple[str, str], Teller] = {
    ("mail_flow_rules", "set_audit_severity"): _severity,
    ("mail_flow_rules", "conditions"): _pieces(
        condition_words, added="now asks that {}", removed="no longer asks that {}"
    ),
    ("mail_flow_rules", "exceptions"): _pieces(
        condition_words, added="now leaves messages alone if {}", removed="no longer makes an exception if {}"
    ),
    ("mail_flow_rules", "actions"): _pieces(action_words, added="will now {}", removed="will no longer {}"),
    ("mail_flow_rules", "priority"): _place,
    ("mail_flow_rules", "mode"): _mode,
    ("mail_flow_rules", "activation_at"): _begin,
    ("mail_flow_rules", "stop_rule_processing"): on_off(
        "is now the last rule for messages that fit it", "now lets later rules look at messages that fit it"
    ),
}
