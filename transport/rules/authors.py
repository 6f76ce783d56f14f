"""Who a message's From field says wrote it (RFC 5322 3.6.2). Pure.

A parser of our own that refuses what it can't read whole: libraries that guess found the wrong domain (CVE-2023-27043).
"""

from __future__ import annotations

import re

from transport.model.address import Address, InvalidAddress, parse_mailbox

_FROM = re.compile(rb"(?im)^from[ \t]*:((?:[^\r\n]|\r\n[ \t])*)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
MAX_FIELD = 64 * 1024


def authors(header: bytes) -> list[Address] | None:
    """The addresses in the one From field; empty where there is none, None where it is unreadable or not the only one.

    ``header`` has CRLF line ends.
    """
    fields = _FROM.findall(header)
    if not fields:
        return []
    if len(fields) > 1 or len(fields[0]) > MAX_FIELD:
        return None
    text = fields[0].replace(b"\r\n", b"").decode("utf-8", "replace")
    try:
        return [_address(part) for part in _parts(_without_comments(text))]
    except (InvalidAddress, ValueError):
        return None


def _without_comments(text: str) -> str:
    """Comments may nest (RFC 5322 3.2.2). Raises ValueError where one does not end."""
    if "(" not in text and ")" not in text:
        return text
    kept: list[str] = []
    depth, is_quoted, is_escaped = 0, False, False
    for character in text:
        if is_escaped:
            is_escaped = False
        elif character == "\\":
            is_escaped = True
        elif character == '"' and not depth:
            is_quoted = not is_quoted
        elif character == "(" and not is_quoted:
            depth += 1
            continue
        elif character == ")" and not is_quoted:
            depth -= 1
            if depth < 0:
                raise ValueError("a comment ends that did not begin")
            continue
        if not depth:
            kept.append(character)
    if depth or is_quoted:
        raise ValueError("a comment or a quoted string does not end")
    return "".join(kept)


def _parts(text: str) -> list[str]:
    """The mailboxes of the list, at commas that separate. Raises ValueError."""
    masked = _QUOTED.sub(lambda quoted: "\0" * len(quoted[0]), text)
    if '"' in masked:
        raise ValueError("a quoted string does not end")
    parts: list[str] = []
    begin = 0
    for end in [match.start() for match in re.finditer(",", masked)] + [len(text)]:
        parts.append(text[begin:end])
        begin = end + 1
    return [part for part in parts if part.strip()]


def _address(part: str) -> Address:
    """``local@domain`` or ``any phrase <local@domain>``. Raises InvalidAddress, ValueError."""
    masked = _QUOTED.sub(lambda quoted: "\0" * len(quoted[0]), part)
    opened, closed = masked.count("<"), masked.count(">")
    if (opened, closed) == (0, 0):
        return parse_mailbox(part.strip())
    if (opened, closed) != (1, 1) or masked.rstrip()[-1] != ">":
        raise ValueError("not one address in angle brackets")
    if "@" in masked[: masked.index("<")]:  # a phrase that looks like an address deceives its reader and parsers alike
        raise ValueError("an address in the name before the address")
    return parse_mailbox(part[masked.index("<") + 1 : masked.index(">")].strip())
