"""Cuts what a server sends into replies, however it was sent in pieces. No I/O; bounded memory."""

from __future__ import annotations

MAX_LINE_BYTES = 8192  # RFC 5321 4.5.3.1.5 says 512; real servers are more talkative
MAX_REPLY_BYTES = 65536
_HYPHEN = ord("-")


class ReplyTooLong(ValueError):
    """The server sends more than any reply holds."""


class ReplyParser:
    """Feed it octets; it returns each complete reply as its raw lines."""

    __slots__ = ("_lines", "_rest", "_size")

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._size = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left over: what must hold before TLS starts (CVE-2011-0411)."""
        return not self._rest and not self._lines

    def feed(self, data: bytes) -> list[bytes]:
        """The replies that ``data`` completes. Raises ReplyTooLong."""
        if self._rest:
            data = self._rest + data
        lines = data.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_LINE_BYTES:
            raise ReplyTooLong(f"the server sent a line of more than {MAX_LINE_BYTES} octets")
        replies = []
        for line in lines:
            if len(line) > 3 and line[3] == _HYPHEN:  # RFC 5321 4.2.1: another line follows
                self._keep(line)
            elif self._lines:
                self._keep(line)
                replies.append(b"\n".join(self._lines))
                self._lines, self._size = [], 0
            else:
                replies.append(line)
        return replies

    def _keep(self, line: bytes) -> None:
        self._size += len(line)
        if self._size > MAX_REPLY_BYTES:
            raise ReplyTooLong(f"the server sent a reply of more than {MAX_REPLY_BYTES} octets")
        self._lines.append(line)
