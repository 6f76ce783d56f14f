"""What a message has attached, for mail flow rules: a bounded look through its MIME parts, in one pass. Pure.

Everything here is hostile: parts, depth, lines and octets are counted, and what is too much is said, not guessed. Of a
part only the header and the length are read, and what ``rule_attachment`` asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from transport.rules import rule_names
from transport.rules.rule_attachment import Attachment, Attachments, Body, TooMuch, is_executable, is_zip
from transport.rules.rule_header import HeaderFields
from transport.rules.rule_names import Parameters

MAX_PARTS = 500
MAX_DEPTH = 20
MAX_PART_HEADER = 65_536
MAX_HEADERS = 250_000
"""Octets of all parts' headers together, which are read in some hundredths of a second."""
MAX_NAMES = 20
"""That a part goes by: rules compare each."""
MAX_CHARACTER_SETS = 100
"""Different ones of a message: rules look for words in each."""
MAX_FIELD = 8_192
"""As much as is decoded of one: the end of a longer name would not be seen."""
MAX_BOUNDARY = 200
"""RFC 2046 5.1.1 allows 70."""
MAX_LINES = 20_000
"""Lines that begin with two hyphens: each may be a boundary."""
MAX_ZIPS = 50


@dataclass(slots=True)
class _Part:
    """An entity from its header at ``begin``; ``boundary`` where it has parts itself."""

    begin: int
    depth: int
    fields: HeaderFields
    body: int
    kind: str
    boundary: bytes = b""
    given: Parameters = field(default_factory=lambda: Parameters([]))
    """Of its Content-Type."""


def attachments(content: bytes) -> Attachments:
    """Of a message with CRLF line ends."""
    look = _Look(content)
    try:
        look.through()
    except TooMuch as error:
        return Attachments(tuple(look.found), str(error), tuple(look.character_sets))
    return Attachments(tuple(look.found), look.unsure, tuple(look.character_sets))


class _Look:
    """``open`` are the entities with parts that the line looked at is within, the outermost first; ``messages`` are
    parts that hold a message, with how many were open where they began. ``unsure``: why there may be more."""

    def __init__(self, content: bytes) -> None:
        self.found: list[Attachment] = []
        self.character_sets: dict[str, None] = {}
        self._content = content
        self._open: list[_Part] = []
        self._leaf: _Part | None = None
        self._messages: list[tuple[_Part, int]] = []
        self._parts = 0
        self._headers = 0
        self._zips = 0
        self.unsure = ""

    def through(self) -> None:
        self._begin(0, 0)
        at = 0 if self._content.startswith(b"--") else self._following(0)
        lines = 0
        while at >= 0 and self._open:
            lines += 1
            if lines > MAX_LINES:
                raise TooMuch(f"More than {MAX_LINES:,} lines of it may part it.")
            self._line(at)
            at = self._following(at)
        self._end(len(self._content))
        self._end_messages(-1, len(self._content))

    def _following(self, at: int) -> int:
        """Where the next line that begins with two hyphens does, or -1."""
        found = self._content.find(b"\r\n--", at)
        return found + 2 if found >= 0 else -1

    def _line(self, at: int) -> None:
        """A line that begins with two hyphens."""
        end = self._content.find(b"\r\n", at, at + MAX_BOUNDARY + 100)
        said = self._content[at + 2 : end if end >= 0 else at + MAX_BOUNDARY + 100].rstrip(b" \t")
        for level in range(len(self._open) - 1, -1, -1):  # RFC 2046 5.1.2: an outer boundary ends what is within
            boundary = self._open[level].boundary
            if said != boundary and said != boundary + b"--":
                continue
            self._end(max(0, at - 2))
            self._end_messages(level, max(0, at - 2))
            inner = self._open[level]
            del self._open[level + 1 :]
            if said == boundary:
                self._begin(end + 2 if end >= 0 else len(self._content), inner.depth + 1)
            else:
                self._open.pop()
            return

    def _begin(self, at: int, depth: int) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise TooMuch(f"It has more than {MAX_PARTS} parts.")
        if depth > MAX_DEPTH:
            raise TooMuch(f"Its parts are more than {MAX_DEPTH} deep in each other.")
        part = self._read(at, depth)
        if part.kind.startswith(("message/", "multipart/")) and not self._is_plain(part):
            self.unsure = "What holds other parts is encoded: some programs would read them."
        if part.boundary:
            self._open.append(part)
        elif part.kind in ("message/rfc822", "message/global") and self._is_plain(part):
            self._leaf = None
            self._messages.append((part, len(self._open)))
            self._begin(part.body, depth + 1)
        else:
            self._leaf = part

    def _end_messages(self, level: int, end: int) -> None:
        """Those within what the boundary of ``level`` ends."""
        while self._messages and self._messages[-1][1] > level:
            self._note(self._messages.pop()[0], end)

    def _read(self, at: int, depth: int) -> _Part:
        content = self._content
        if content.startswith(b"\r\n", at):  # a part without a header
            return _Part(at, depth, HeaderFields(b""), at + 2, "text/plain")
        most = min(len(content), at + MAX_PART_HEADER) if depth else len(content)
        end = content.find(b"\r\n\r\n", at, most)
        if end < 0 and len(content) > most:
            raise TooMuch(f"The header of a part is larger than {MAX_PART_HEADER:,} octets.")
        body = end + 4 if end >= 0 else len(content)
        self._headers += body - at
        if self._headers > MAX_HEADERS:
            raise TooMuch(f"The headers of its parts are larger than {MAX_HEADERS:,} octets.")
        fields = HeaderFields(content[at : end + 2 if end >= 0 else most])
        types = fields.raw("content-type")
        if any(len(one) > MAX_FIELD for one in (*types, *fields.raw("content-disposition"))):
            raise TooMuch(f"A field that tells of a part is larger than {MAX_FIELD:,} octets.")
        given = Parameters(types)
        holds_parts = any(kind.startswith(("multipart/", "message/")) for kind in given.kinds)
        if (len(given.kinds) > 1 and holds_parts) or any(map(_has_comment, given.kinds)):
            raise TooMuch("It says in several ways what a part is.")
        encodings = _encodings(fields)
        if len(encodings) > 1 or any(map(_has_comment, encodings)):
            raise TooMuch("It says in several ways how a part is encoded.")
        self._note_character_sets(given)
        boundary = _boundary(given) if given.kind.startswith("multipart/") else b""
        return _Part(at, depth, fields, body, given.kind or "text/plain", boundary, given)

    def _note_character_sets(self, given: Parameters) -> None:
        """RFC 2045 5.1: of text; said of what else, it counts as well."""
        if given.is_in_many_pieces("charset"):
            self.unsure = f"The character set of a part is in more than {rule_names.MAX_PIECES} pieces."
        for said in given.texts("charset"):
            if len(self.character_sets) >= MAX_CHARACTER_SETS and said not in self.character_sets:
                self.unsure = f"It has more than {MAX_CHARACTER_SETS} character sets."
                return
            self.character_sets[said] = None

    def _is_plain(self, part: _Part) -> bool:
        """RFC 2046 5.2.1: a message within is not encoded; where it is, its parts are not read here."""
        return _encoding(part) in ("", "7bit", "8bit", "binary")

    def _end(self, at: int) -> None:
        """The part that was open goes to ``at``."""
        part, self._leaf = self._leaf, None
        if part is not None:
            self._note(part, max(at, part.body))

    def _note(self, part: _Part, end: int) -> None:
        said = Parameters(part.fields.raw("content-disposition"))
        names = rule_names.names(said, part.given)
        if said.is_in_many_pieces("filename") or part.given.is_in_many_pieces("name"):
            self.unsure = f"The name of a part is in more than {rule_names.MAX_PIECES} pieces."
        if len(names) > MAX_NAMES:
            names, self.unsure = names[:MAX_NAMES], f"A part has more than {MAX_NAMES} names."
        if not names and said.kind != "attachment" and part.kind.startswith(("text/", "message/", "multipart/")):
            return
        if part.kind.startswith("multipart/") and not names and said.kind != "attachment":
            return
        body = Body(self._content, part.body, end, _encoding(part))
        head, size = body.head_and_size()
        has_password = self._has_password(body, head)
        self.found.append(Attachment(names, size, is_executable(names, head), has_password))

    def _has_password(self, body: Body, head: bytes) -> bool | None:
        if not is_zip(head):
            return False
        self._zips += 1
        if self._zips > MAX_ZIPS:
            raise TooMuch(f"It has more than {MAX_ZIPS} ZIP files.")
        return body.is_zip_locked(head)


def _boundary(given: Parameters) -> bytes:
    """What parts it; programs that read an odd one differently would see other parts than we do."""
    said = given.plain("boundary")
    if len(said) > 1 or given.is_extended("boundary"):
        raise TooMuch("It says in several ways what its parts are parted by.")
    boundary = said[0].rstrip(b" \t") if said else b""
    if len(boundary) > MAX_BOUNDARY:
        raise TooMuch(f"Its parts are parted by more than {MAX_BOUNDARY} octets.")
    return boundary


def _has_comment(word: str) -> bool:
    """One that could not be taken away."""
    return "(" in word or ")" in word


def _encoding(part: _Part) -> str:
    return next(iter(_encodings(part.fields)), "")


def _encodings(fields: HeaderFields) -> list[str]:
    """Each once, in lower case."""
    said = (rule_names.word(value) for value in fields.raw("content-transfer-encoding"))
    return list(dict.fromkeys(said))
