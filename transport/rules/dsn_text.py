"""The part of a notification that people read: plain words of their language, cause and remedy. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from transport.config.dsn_words import Advice, DsnWords
from transport.rules.dsn_fields import header_safe

if TYPE_CHECKING:
    from transport.model.envelope import Message
    from transport.rules.dsn import DsnSettings, Told

WIDTH = 76
MAX_QUOTED_CHARACTERS = 1000
MAX_LISTED = 100  # recipients; the part for machines has them all


def compose(kind: str, message: Message, told: Sequence[Told], settings: DsnSettings) -> str:
    """The text, with CRLF line ends. What others said is quoted, indented and bounded."""
    words = settings.words
    lines = [*_wrap(words.openings[kind]), ""]
    for one in told[:MAX_LISTED]:
        lines += [f"  {header_safe(str(one.original)) or header_safe(str(one.final))}"]
        if kind in ("failed", "delayed"):
            lines += _advice(kind, one.status, settings)
        lines += [""]
    if len(told) > MAX_LISTED:
        lines += [*_wrap(words.and_more.format(number=len(told) - MAX_LISTED), "  "), ""]
    if kind == "delayed":
        lines += [*_wrap(words.delayed_until.format(until=_when(message.expires_at, words))), ""]
    if message.subject:
        lines += [*_wrap(words.your_subject.format(subject=header_safe(message.subject)[:200])), ""]
    lines += _diagnostics(message, told[:MAX_LISTED], settings)
    return "".join(f"{line}\r\n" for line in lines)


def _advice(kind: str, status: str, settings: DsnSettings) -> list[str]:
    """The organisation's own text for the status, where there is one."""
    own = settings.own_texts.get(status)
    if own is not None:
        return _wrap(own, "  ")
    found = advice(status, settings.words)
    return [*_wrap(found.cause, "  "), *_wrap(found.remedy if kind == "failed" else "", "  ")]


def advice(status: str, words: DsnWords) -> Advice:
    """Cause and remedy of an enhanced status, from the detail that is known down to its subject."""
    detail = status.partition(".")[2]
    return words.advice.get(detail) or words.advice.get(detail.partition(".")[0]) or words.other


def _diagnostics(message: Message, told: Sequence[Told], settings: DsnSettings) -> list[str]:
    words = settings.words
    hostname, organization = header_safe(settings.hostname), header_safe(settings.organization)
    lines = [words.for_administrators, ""]
    lines += _wrap(words.generated_by.format(hostname=hostname, organization=organization))
    lines += [words.queue_id.format(queue_id=message.queue_id)]
    lines += [words.received.format(received=_when(message.received_at, words))]
    for one in told:
        lines += ["", f"{header_safe(str(one.final))}"]
        if one.remote:
            lines += _wrap(words.remote.format(remote=header_safe(one.remote)), "  ")
        if one.reply:
            lines += _wrap(words.remote_said.format(reply=header_safe(one.reply)[:MAX_QUOTED_CHARACTERS]), "  ")
        if one.reason:
            lines += _wrap(f"{one.status} {header_safe(one.reason)[:MAX_QUOTED_CHARACTERS]}".strip(), "  ")
    return lines


def _when(unix_s: float, words: DsnWords) -> str:
    return datetime.fromtimestamp(int(unix_s), UTC).strftime(words.when)


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=True, break_on_hyphens=False
    )
