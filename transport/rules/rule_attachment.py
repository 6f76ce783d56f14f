"""One attachment, as mail flow rules ask about it: its first octets are read, of a ZIP file the end too. Pure."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field

HEAD_OCTETS = 1_024
MIN_HEAD = 16
"""Of what is encoded: with less, what begins it is hidden behind what no decoder reads."""
TAIL_OCTETS = 16_384
_EXECUTABLE_ENDS = frozenset(
    (
        "exe", "dll", "com", "scr", "pif", "cpl", "msi", "msp", "mst", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse",
        "wsf", "wsh", "hta", "jar", "lnk", "reg", "sys", "drv", "ocx", "gadget", "app", "deb", "rpm", "dmg", "pkg",
        "sh", "elf", "apk",
    )
)  # fmt: skip
_MAGIC = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"#!",
          b"L\x00\x00\x00\x01\x14\x02\x00")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attachment:
    """``names`` are all that the part goes by: programs do not agree on which of them counts. ``has_password`` is None
    where the end of a ZIP file can't be read."""

    names: tuple[str, ...]
    size_bytes: int
    is_executable: bool
    has_password: bool | None


@dataclass(frozen=True, slots=True)
class Attachments:
    """``why_not_all``: why there may be more, as a sentence; empty where these are all. ``character_sets``: that parts
    of the message say of themselves, attached or not, each once and as it is written."""

    found: tuple[Attachment, ...]
    why_not_all: str = ""
    character_sets: tuple[str, ...] = ()


class TooMuch(Exception):
    """``str()`` says of what."""


def end_of(name: str) -> str:
    """What follows the last dot, in lower case; Windows drops dots and spaces at the end."""
    return name.rstrip(". \t").rpartition(".")[2].strip().lower()


def is_executable(names: tuple[str, ...], head: bytes) -> bool:
    """By a name or by the first octets."""
    return any(end_of(name) in _EXECUTABLE_ENDS for name in names) or head.startswith(_MAGIC)


def is_zip(head: bytes) -> bool:
    return head.startswith(b"PK\x03\x04")


@dataclass(frozen=True, slots=True)
class Body:
    """What of ``content`` a part holds, from ``begin`` to ``end``, as it is encoded."""

    content: bytes = field(repr=False)
    begin: int
    end: int
    encoding: str

    def head_and_size(self) -> tuple[bytes, int]:
        """The first octets and the size as the recipient has them; the size of quoted-printable as it stands."""
        length = max(0, self.end - self.begin)
        if self.encoding == "base64":
            line_ends = self.content.count(b"\r\n", self.begin, self.end)
            size = max(0, length - 2 * line_ends) * 3 // 4
            head = _base64(self._from(self.begin, 2 * HEAD_OCTETS))
            if len(head) < MIN_HEAD and length > 2 * HEAD_OCTETS:
                raise TooMuch("An attachment begins with what is no base64.")
            return head, size
        head = self._from(self.begin, HEAD_OCTETS)
        return (binascii.a2b_qp(head) if self.encoding == "quoted-printable" else head), length

    def is_zip_locked(self, head: bytes) -> bool | None:
        """Whether a file in it is encrypted (APPNOTE 4.4.4, bit 0): the first, or one that its directory tells; None
        where that can't be read."""
        if len(head) > 7 and head[6] & 1:
            return True
        tail = self._tail()
        if b"PK\x05\x06" not in tail:
            return None
        at = tail.find(b"PK\x01\x02")
        while at >= 0:
            if at + 9 < len(tail) and tail[at + 8] & 1:
                return True
            at = tail.find(b"PK\x01\x02", at + 4)
        return False

    def _from(self, at: int, octets: int) -> bytes:
        return self.content[at : min(self.end, at + octets)]

    def _tail(self) -> bytes:
        """The last octets. What is encoded comes in fours from its begin, so its places are counted from there."""
        at = max(self.begin, self.end - TAIL_OCTETS)
        if self.encoding != "base64":
            return self.content[at : self.end]
        octets = _NOT_BASE64.sub(b"", self.content[at : self.end])
        # What was before is not read again: of the four ways to begin, the one with an end of a ZIP file is right.
        for skipped in range(4) if at > self.begin else (0,):
            found = _base64(octets[skipped:] + b"A" * (-(len(octets) - skipped) % 4))
            if b"PK\x05\x06" in found:
                return found
        return b""


def _base64(octets: bytes) -> bytes:
    """As far as it can be read; RFC 2045 6.8: other characters are ignored."""
    clean = _NOT_BASE64.sub(b"", octets)
    try:
        return binascii.a2b_base64(clean[: len(clean) // 4 * 4])
    except binascii.Error:
        return b""


_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
