"""What an SMTP server says: a value, never a string glued together in a handler."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNSAFE = re.compile(r"[^\x20-\x7e\n]")


@dataclass(frozen=True, slots=True)
class Reply:
    """One SMTP reply: ``code`` (RFC 5321 4.2), ``enhanced`` status (RFC 3463, may be empty), ``text`` of one or more
    lines separated by newlines."""

    code: int
    enhanced: str
    text: str

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 400

    @property
    def is_temporary(self) -> bool:
        return 400 <= self.code < 500

    @property
    def is_permanent(self) -> bool:
        return self.code >= 500

    def __str__(self) -> str:
        return f"{self.code} {self.enhanced} {self.text}" if self.enhanced else f"{self.code} {self.text}"

    def to_bytes(self) -> bytes:
        """The reply as it goes over the wire, with CRLF; anything but printable ASCII becomes ``?``."""
        line = f"{self}\r\n"
        if "\n" not in self.text and line.isascii() and line[:-2].isprintable():
            return line.encode()
        prefix = f"{self.enhanced} " if self.enhanced else ""
        text = (
            self.text
            if self.text.isascii() and self.text.replace("\n", "").isprintable()
            else _UNSAFE.sub("?", self.text)
        )
        lines = [prefix + line for line in text.split("\n")]
        head = "".join(f"{self.code}-{line}\r\n" for line in lines[:-1])
        return f"{head}{self.code} {lines[-1]}\r\n".encode("ascii")
