"""Changes addresses in a message's header and not one other octet: RFC 5322 3.4 read as tokens. Pure.

What can't be read for certain (an open quote, a local part in pieces) is left as it stands. Display names, comments,
encoded words, groups and folds stay, for only the octets of an address are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from transport.model.address import Address, InvalidAddress, parse_mailbox, quote_local_part

MAX_LINE_OCTETS = 998  # RFC 5322 2.1.1
FIELDS = frozenset(
    name.encode()
    for name in (
        "from", "sender", "reply-to", "to", "cc", "bcc", "return-receipt-to", "disposition-notification-to",
        "resent-from", "resent-sender", "resent-reply-to", "resent-to", "resent-cc", "resent-bcc", "mail-followup-to",
        "mail-reply-to", "errors-to",
    )
)  # fmt: skip
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*(?:\r\n)?")
_TOKEN = re.compile(
    rb'(?P<space>[ \t\r\n]+)|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<literal>\[(?:[^][\\]|\\.)*\])'
    rb'|(?P<special>[<>:;,@])|(?P<open>\()|(?P<atom>[^\s"\\\[\]<>:;,@()]+)',
    re.DOTALL,
)
_COMMENT = re.compile(rb"\\.|[()]", re.DOTALL)
Change = Callable[[Address], Address | None]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Edit:
    """``text`` instead of the octets from ``start`` to ``end``."""

    start: int
    end: int
    text: bytes


def rewrite(header: bytes, change: Change) -> bytes:
    """The header with each address that ``change`` gives another for; the same object where there is none.

    ``header`` ends before the empty line, as ``headers.header_of`` gives it.
    """
    pieces: list[bytes] = []
    kept = 0
    for match in _FIELD.finditer(header):
        if match[1].lower() not in FIELDS:
            continue
        field = match[0]
        begin = len(match[1]) + field[len(match[1]) :].index(b":") + 1
        edits = list(_edits(field, begin, change))
        if edits:
            pieces += [header[kept : match.start()], _edited(field, begin, edits)]
            kept = match.end()
    if not pieces:
        return header
    return b"".join([*pieces, header[kept:]])


def _edits(field: bytes, begin: int, change: Change) -> Iterator[_Edit]:
    tokens = [token for token in _tokens(field, begin) if token.kind != "space"]
    texts = [field[token.start : token.end] for token in tokens]
    for at in range(1, len(tokens) - 1):
        if texts[at] != b"@":
            continue
        local, domain = tokens[at - 1], tokens[at + 1]
        if local.kind not in ("atom", "quoted") or domain.kind not in ("atom", "literal"):
            continue
        if not _is_whole(texts, at):
            continue
        address = _address(texts[at - 1], texts[at + 1])
        other = change(address) if address is not None else None
        if address is None or other is None:
            continue
        if other.local_part != address.local_part:
            yield _Edit(local.start, local.end, quote_local_part(other.local_part).encode())
        if other.domain != address.domain:
            yield _Edit(domain.start, domain.end, other.domain.encode())


def _is_whole(texts: list[bytes], at: int) -> bool:
    """Neither side goes on in a further word (obs-local-part, obs-domain), and there is one @ alone."""
    before = texts[at - 2] if at >= 2 else b","
    after = texts[at + 2] if at + 2 < len(texts) else b","
    return not (before.endswith((b".", b"@")) or after.startswith((b".", b"@")))


def _address(local: bytes, domain: bytes) -> Address | None:
    try:
        return parse_mailbox(f"{local.decode()}@{domain.decode()}")
    except (InvalidAddress, UnicodeDecodeError):
        return None


def _tokens(field: bytes, begin: int) -> Iterator[_Token]:
    """Up to the first octet that can't be read; comments are spaces."""
    at = begin
    while at < len(field):
        match = _TOKEN.match(field, at)
        if match is None:
            return
        kind, end = match.lastgroup or "", match.end()
        if kind == "open":
            kind, end = "space", _end_of_comment(field, at)
        yield _Token(kind, at, end)
        at = end


def _end_of_comment(field: bytes, at: int) -> int:
    """Comments nest (RFC 5322 3.2.2); one that does not end goes to the end."""
    depth = 0
    for match in _COMMENT.finditer(field, at):
        depth += {b"(": 1, b")": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return len(field)


def _edited(field: bytes, begin: int, edits: list[_Edit]) -> bytes:
    pieces: list[bytes] = []
    kept = 0
    for edit in edits:
        pieces += [field[kept : edit.start], edit.text]
        kept = edit.end
    made = b"".join([*pieces, field[kept:]])
    if max(map(len, made.split(b"\r\n"))) <= MAX_LINE_OCTETS:
        return made
    return _folded(made, begin)


def _folded(field: bytes, begin: int) -> bytes:
    """A line that became too long is folded after commas, where a space may stand (RFC 5322 2.2.3)."""
    pieces: list[bytes] = []
    kept = 0
    for token in _tokens(field, begin):
        if field[token.start : token.end] == b"," and field[token.end : token.end + 2] != b"\r\n":
            pieces.append(field[kept : token.end])
            kept = token.end
    lines: list[bytes] = []
    for piece in [*pieces, field[kept:]]:
        if lines and len(lines[-1].rpartition(b"\n")[2]) + len(piece.partition(b"\r\n")[0]) <= MAX_LINE_OCTETS:
            lines[-1] += piece
        else:
            lines.append(piece if piece.startswith((b" ", b"\t")) or not lines else b" " + piece)
    return b"\r\n".join(lines)
