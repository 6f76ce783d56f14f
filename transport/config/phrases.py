"""Pieces of sentences about the configuration: names that stand out, values and fields as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Say:
    """A piece of a sentence; the name of a thing is emphasised."""

    text: str
    is_emphasised: bool = False


Parts = tuple[Say, ...]


def em(text: str) -> Say:
    return Say(text, is_emphasised=True)


def join(items: Iterable[Any]) -> str:
    """``a, b and c``."""
    texts = [str(item) for item in items]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def show(field: str, value: Any) -> str:
    """A value as people read it: sizes and durations are text already, nothing is *nothing*, times are in UTC."""
    if value is None or value == "" or value == []:
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    if field.endswith("_at"):
        return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, list):
        return join(_item(item) for item in value)
    return str(value)


def _item(item: Any) -> str:
    """An address space or a home server of a send connector is the only thing with a cost."""
    return f"{item.get('domain') or item['server']} at cost {item['cost']}" if isinstance(item, dict) else str(item)


def label(field: str) -> str:
    """The field's name in words: ``is_tls_required`` is *TLS required*."""
    if field in _CALLED:
        return _CALLED[field]
    words = field.removeprefix("is_").split("_")
    return " ".join(_SPELT.get(word, word) for word in words)


_UPPER = ("tls", "dsn", "ndr", "dns", "ip", "fqdn", "smtputf8", "mime", "requiretls", "ehlo", "helo", "smtp", "url")
_SPELT = {word: word.upper() for word in _UPPER} | {
    "hostname": "host name",
    "timezone": "time zone",
    "username": "user name",
}
_CALLED = {
    "is_mta_sts_enabled": "MTA-STS enabled",
    "is_tls_required_no_honoured": "TLS-Required: No honoured",
    "is_eight_bit_mime_enabled": "8BITMIME enabled",
}
"""Fields whose words are those of a standard."""
