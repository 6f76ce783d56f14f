"""What a change of one field means, as the rest of a sentence whose subject is the object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from transport.config import access_words, connector_words, organization_words, recipient_words, rule_words
from transport.config.diff import FieldChange
from transport.config.phrases import Parts, Say, em, label, show
from transport.config.tellers import Teller, on_off


def field_words(kind: str, change: FieldChange) -> Iterator[Parts]:
    """The changed field as one clause or more: what is added and what goes are told apart."""
    teller = _TELLERS.get((kind, change.field)) or _TELLERS.get(("", change.field))
    if teller is not None:
        yield from teller(change)
    elif isinstance(change.before, list) and isinstance(change.after, list):
        yield from _list_setting(change)
    else:
        yield (Say(f"changes its {label(change.field)} from {_shown(change, change.before)} to "
                   f"{_shown(change, change.after)}"),)  # fmt: skip


def _shown(change: FieldChange, value: Any) -> str:
    if value is None and not change.field.endswith("_at"):
        return "unlimited" if is_limit(change.field) else "nothing"
    text = show(change.field, value)
    return f"“{text}”" if change.field in _FREE_TEXT and value else text


_FREE_TEXT = {
    "comment",
    "purpose",
    "owner",
    "ticket",
    "banner",
    "rejection_response",
    "static_entry_rejection_response",
}


def is_limit(field: str) -> bool:
    """Whether nothing in the field means that there is no limit."""
    return field.startswith(("max_", "queue_length_")) or field.endswith("_per_min")


def _list_setting(change: FieldChange) -> Iterator[Parts]:
    gone = [item for item in change.before if item not in change.after]
    new = [item for item in change.after if item not in change.before]
    if new:
        yield (Say(f"adds {show('', new)} to its {label(change.field)}"),)
    if gone:
        yield (Say(f"takes {show('', gone)} from its {label(change.field)}"),)
    if not new and not gone:
        yield (Say(f"changes the order of its {label(change.field)} to {show('', change.after)}"),)


def _renamed(change: FieldChange) -> Iterator[Parts]:
    yield (Say("is now called "), em(str(change.after)))


def _expiry(change: FieldChange) -> Iterator[Parts]:
    if change.after is None:
        yield (Say(f"no longer expires (it would have on {show('expires_at', change.before)})"),)
    else:
        before = f" instead of {show('expires_at', change.before)}" if change.before else ""
        yield (Say(f"now expires on {show('expires_at', change.after)}{before}"),)


_TELLERS: dict[tuple[str, str], Teller] = {
    ("", "name"): _renamed,
    ("", "is_enabled"): on_off("is now enabled", "is now disabled"),
    ("", "expires_at"): _expiry,
    **connector_words.TELLERS,
    **access_words.TELLERS,
    **recipient_words.TELLERS,
    **rule_words.TELLERS,
    **organization_words.TELLERS,
}
