"""What a server said it can do in its reply to EHLO. Pure; the reply is hostile and may say the same thing twice."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIZE = re.compile(r"SIZE(?: +(\d{1,18}))?", re.IGNORECASE)
_RCPTMAX = re.compile(r"\bRCPTMAX=(\d{1,6})\b", re.IGNORECASE)
DEFAULT_MAX_RECIPIENTS = 100  # RFC 5321 4.5.3.1.8


@dataclass(frozen=True, slots=True)
class Capabilities:
    """``max_size_bytes`` 0 means no limit known; ``is_size_known`` tells that SIZE= may be given (RFC 1870)."""

    is_esmtp: bool = False
    has_pipelining: bool = False
    has_starttls: bool = False
    has_eight_bit_mime: bool = False
    has_smtputf8: bool = False
    has_dsn: bool = False
    has_requiretls: bool = False
    has_chunking: bool = False
    has_binary_mime: bool = False
    is_size_known: bool = False
    max_size_bytes: int = 0
    max_recipients: int = DEFAULT_MAX_RECIPIENTS
    auth_mechanisms: frozenset[str] = frozenset()


HELO_ONLY = Capabilities()


def parse(ehlo_lines: str) -> Capabilities:
    """The capabilities of the text of a 250 reply to EHLO (RFC 5321 4.1.1.1); its first line is a greeting."""
    words: set[str] = set()
    mechanisms: set[str] = set()
    is_size_known, max_size, max_recipients = False, 0, DEFAULT_MAX_RECIPIENTS
    for line in ehlo_lines.split("\n")[1:]:
        keyword, _, parameters = line.strip().upper().partition(" ")
        if keyword.startswith("AUTH="):  # before RFC 4954, still sent by some
            keyword, parameters = "AUTH", f"{keyword[5:]} {parameters}"
        words.add(keyword)
        if keyword == "AUTH":
            mechanisms.update(parameters.split())
        elif keyword == "SIZE" and (size := _SIZE.fullmatch(line.strip())) is not None:
            is_size_known, max_size = True, int(size[1]) if size[1] else max_size
        elif keyword == "LIMITS" and (limit := _RCPTMAX.search(parameters)) is not None:  # RFC 9422 4.2
            max_recipients = max(int(limit[1]), 1)
    return Capabilities(
        is_esmtp=True,
        has_pipelining="PIPELINING" in words,
        has_starttls="STARTTLS" in words,
        has_eight_bit_mime="8BITMIME" in words,
        has_smtputf8="SMTPUTF8" in words,
        has_dsn="DSN" in words,
        has_requiretls="REQUIRETLS" in words,
        has_chunking="CHUNKING" in words,
        has_binary_mime={"CHUNKING", "BINARYMIME"} <= words,  # RFC 3030 3: one is of no use without the other
        is_size_known=is_size_known,
        max_size_bytes=max_size,
        max_recipients=max_recipients,
        auth_mechanisms=frozenset(mechanisms),
    )
