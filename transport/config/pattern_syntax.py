"""Patterns of mail flow rules: regular expressions that are found in linear time, read by a parser of our own.

No back-reference and no look-around, so that a machine of bounded size finds them in one pass
(``rules.pattern_match``): a pattern that takes for ever on a hostile subject (ReDoS) can't be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

MAX_STATES = 500
MAX_DEPTH = 20
MAX_REPEAT = 100
_SPECIAL = frozenset("\\.[]()|*+?{}^$")
_WORD = (("a", "z"), ("A", "Z"), ("0", "9"), ("_", "_"))
_SPACE = ((" ", " "), ("\t", "\r"))
_DIGIT = (("0", "9"),)
_CLASSES = {"w": _WORD, "s": _SPACE, "d": _DIGIT}


@dataclass(frozen=True, slots=True)
class Chars:
    """One character: within one of ``ranges``, or in none where ``is_negated``. No range at all: none."""

    ranges: tuple[tuple[str, str], ...]
    is_negated: bool = False

    def has(self, character: str) -> bool:
        """In either letter case, as Exchange compares."""
        for one in (character, character.lower(), character.upper()):
            if any(low <= one <= high for low, high in self.ranges):
                return not self.is_negated
        return self.is_negated


class Edge(Enum):
    """Where a pattern holds on."""

    START = "^"
    END = "$"


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """``most`` None: without an end."""

    part: Node
    least: int
    most: int | None


Node = Chars | Edge | Sequence | Either | Repeat
ANY = Chars((), is_negated=True)


def parse(pattern: str) -> Node:
    """Raises ValueError with a sentence for whoever wrote it."""
    reader = _Reader(pattern)
    node = reader.either(0)
    if not reader.is_at_end:
        raise ValueError(f"'{pattern}' closes a parenthesis that it did not open")
    if size(node) > MAX_STATES:
        raise ValueError(f"'{pattern}' is too large: repeat less in it")
    return node


def size(node: Node) -> int:
    """States that a machine for it has, about."""
    if isinstance(node, Chars | Edge):
        return 1
    if isinstance(node, Sequence):
        return sum(map(size, node.parts))
    if isinstance(node, Either):
        return 1 + sum(map(size, node.options))
    return (size(node.part) + 1) * max(node.least + (node.most is None), node.most or 0, 1)


class _Reader:
    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._text)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        found = self._peek()
        self._at += 1
        return found

    def _wrong(self, what: str) -> ValueError:
        return ValueError(f"'{self._text}' {what}")

    def either(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._wrong(f"has parentheses more than {MAX_DEPTH} deep")
        options = [self._sequence(depth)]
        while self._peek() == "|":
            self._take()
            options.append(self._sequence(depth))
        return options[0] if len(options) == 1 else Either(tuple(options))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while not self.is_at_end and self._peek() not in "|)":
            parts.append(self._repeated(self._atom(depth)))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self, atom: Node) -> Node:
        sign = self._peek()
        if not sign or sign not in "*+?{":
            return atom
        if isinstance(atom, Edge):
            raise self._wrong("repeats the begin or the end of the text")
        least, most = self._bounds()
        if self._peek() and self._peek() in "*+?{":
            raise self._wrong("repeats a repetition; put parentheses around the inner one, and no ? or + after it")
        return Repeat(atom, least, most)

    def _bounds(self) -> tuple[int, int | None]:
        sign = self._take()
        if sign != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        end = self._text.find("}", self._at)
        low, comma, high = self._text[self._at : end].partition(",") if end >= 0 else ("", "", "")
        if not low.isdecimal() or not low.isascii() or (high and not (high.isdecimal() and high.isascii())):
            raise self._wrong("has a { that is no number of times; write {3} or {1,3}, or \\{ for the sign itself")
        self._at = end + 1
        least, most = int(low), (int(high) if high else None) if comma else int(low)
        if max(least, most or 0) > MAX_REPEAT:
            raise self._wrong(f"repeats more than {MAX_REPEAT} times")
        if most is not None and most < least:
            raise self._wrong(f"repeats at least {least} and at most {most} times, which is never")
        return least, most

    def _atom(self, depth: int) -> Node:
        sign = self._take()
        if sign == "(":
            return self._group(depth)
        if sign == "[":
            return self._set()
        if sign == "\\":
            return self._escaped()
        if sign == ".":
            return ANY
        if sign in "^$":
            return Edge(sign)
        if sign in "*+?{":
            raise self._wrong(f"repeats nothing: there is nothing before {sign}")
        return Chars(((sign, sign),))

    def _group(self, depth: int) -> Node:
        if self._text.startswith("?", self._at):
            if not self._text.startswith("?:", self._at):
                raise self._wrong("looks around or names a group, which patterns here can't; (?: ) and ( ) group")
            self._at += 2
        inner = self.either(depth + 1)
        if self._take() != ")":
            raise self._wrong("opens a parenthesis that it does not close")
        return inner

    def _escaped(self) -> Chars:
        sign = self._take()
        if sign.lower() in _CLASSES and sign:
            return Chars(_CLASSES[sign.lower()], is_negated=sign.isupper())
        if not sign or (sign.isalnum() and sign.isascii()):
            what = f"\\{sign}" if sign else "a backslash at its end"
            raise self._wrong(f"has {what}, which patterns here don't know; they know \\d \\w \\s \\D \\W \\S")
        return Chars(((sign, sign),))

    def _set(self) -> Chars:
        is_negated = self._peek() == "^"
        self._at += is_negated
        ranges: list[tuple[str, str]] = []
        while ranges == [] or self._peek() != "]":
            if self.is_at_end:
                raise self._wrong("opens a [ that it does not close")
            ranges += self._range()
        self._take()
        return Chars(tuple(ranges), is_negated)

    def _range(self) -> tuple[tuple[str, str], ...]:
        low = self._member()
        if len(low) != 1 or low[0][0] != low[0][1] or self._text[self._at : self._at + 1] != "-":
            return low
        if self._text[self._at + 1 : self._at + 2] in ("]", ""):
            return low
        self._take()
        high = self._member()
        if len(high) != 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
            raise self._wrong("has a range in [ ] that ends before it begins")
        return ((low[0][0], high[0][0]),)

    def _member(self) -> tuple[tuple[str, str], ...]:
        sign = self._take()
        if sign != "\\":
            return ((sign, sign),)
        found = self._escaped()
        if found.is_negated:
            raise self._wrong("has \\D, \\W or \\S in [ ]; write [^ ] instead")
        return found.ranges


def quoted(text: str) -> str:
    """The pattern that finds just this text."""
    return "".join(f"\\{one}" if one in _SPECIAL else one for one in text)
