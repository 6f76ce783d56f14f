"""What stands between %% in a text of a rule to recipients, in what the message says: %%From%% and its like. Pure.

All of it came over a wire: each value is one line of printable text, bounded; only the header keeps its lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from transport.config.rule_kinds import VARIABLES
from transport.rules.dsn_fields import header_safe
from transport.rules.rule_facts import NotKnown, RuleFacts

MAX_VALUE = 500
"""Characters of a field."""
MAX_HEADER = 20_000
"""Octets of the header."""
_VARIABLE = re.compile(f"%%({'|'.join(VARIABLES)})%%", re.IGNORECASE)
_FIELDS = {"from": "From", "to": "To", "cc": "Cc", "subject": "Subject", "messagedate": "Date"}


def filled(text: str, facts: RuleFacts) -> str:
    """The text with what the message says, as the rules left it; nothing where it says nothing, or nothing certain."""
    return _VARIABLE.sub(lambda found: _value(found[1].lower(), facts), text)


def _value(name: str, facts: RuleFacts) -> str:
    find: Callable[[], str] = (lambda: _header(facts)) if name == "headers" else (lambda: _field(_FIELDS[name], facts))
    try:
        return find()
    except NotKnown:
        return ""


def _field(name: str, facts: RuleFacts) -> str:
    said = header_safe(", ".join(facts.fields.texts(name)))
    return said if len(said) <= MAX_VALUE else f"{said[:MAX_VALUE]}…"


def _header(facts: RuleFacts) -> str:
    octets = bytes(facts.fields)
    lines = [header_safe(line) for line in octets[:MAX_HEADER].decode("utf-8", "replace").split("\r\n")]
    return "\n".join(line for line in (*lines, "…" if len(octets) > MAX_HEADER else "") if line)
