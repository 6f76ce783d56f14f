"""Patterns that are looked for in what mail looks like, by the letters that they can't be without: most are in no text
of it. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from transport.config.pattern_syntax import Chars, Either, Node, Sequence, parse, size
from transport.rules.broad_domains import Own
from transport.rules.broad_samples import MUCH, NAMES, PEOPLE
from transport.rules.pattern_match import Pattern, Steps

_PEOPLE = tuple(f"{person}\n{name}".lower() for person, name in zip(PEOPLE, NAMES, strict=True))
"""What the sample has in each domain."""
_PIECE = re.compile(r"[a-z0-9._-]+")
"""Stands within a name or a domain whole: these have other characters between them."""
_LETTERS_A_STEP = 1_000
"""That a piece is looked for in, in the time of a step."""
_STATE = 5
"""Steps in whose time a pattern gets one of its states."""


@dataclass(frozen=True, slots=True)
class _Needed:
    """``pieces``: of each way to read a pattern, the letters that it can't be without, in lower case."""

    pieces: tuple[tuple[str, ...], ...]
    states: int


class Sought:
    """A pattern that becomes a machine once a text has what it needs. Raises TooMuchWork, and so does asking it."""

    def __init__(self, text: str, steps: Steps) -> None:
        self._text = text
        self._steps = steps
        steps.take(1 + len(text))
        self._needed = _needed(text)
        self._longest = [max(pieces, key=len, default="") for pieces in self._needed.pieces]
        self._pattern: Pattern | None = None

    def is_in(self, text: str) -> bool:
        self._steps.take(len(self._longest))
        lowered = text.lower()
        return any(piece in lowered for piece in self._longest) and self._made().is_in(text, self._steps)

    def _made(self) -> Pattern:
        if self._pattern is None:
            self._steps.take(_STATE * self._needed.states)
            self._pattern = Pattern(self._text)
        return self._pattern


def could_fit(patterns: Iterable[str], own: Own, steps: Steps) -> Own:
    """The domains of ours of whose addresses the patterns could fit much; in others only the names of a few people have
    what one of them needs. Raises TooMuchWork."""
    joined = _joined(own)
    people: set[int] = set()
    found: set[str] = set()
    for pattern in patterns:
        steps.take(1 + len(pattern))
        for pieces in _needed(pattern).pieces:
            rarest = _rarest(pieces, joined, steps)
            people |= _having(rarest)
            if MUCH * len(people) >= len(PEOPLE):
                return own
            if rarest in joined:
                steps.take(1 + len(joined) // _LETTERS_A_STEP)
                found.update(one for one in own if rarest in one)
    return frozenset(found)


def _rarest(pieces: tuple[str, ...], joined: str, steps: Steps) -> str:
    """The one that fewest have; mostly nobody has the longest."""
    a_look = 1 + len(joined) // _LETTERS_A_STEP
    steps.take(a_look)
    longest = max(pieces, key=len, default="")
    if longest not in joined and not _having(longest):
        return longest
    steps.take(len(pieces) * a_look)
    return min(pieces, key=lambda one: (len(_having(one)), joined.count(one)), default="")


@lru_cache(maxsize=5_000)
def _having(piece: str) -> frozenset[int]:
    return frozenset(place for place, text in enumerate(_PEOPLE) if piece in text)


@lru_cache(maxsize=2)
def _joined(own: Own) -> str:
    return "\n".join(own)


@lru_cache(maxsize=5_000)
def _needed(pattern: str) -> _Needed:
    node = parse(pattern)
    return _Needed(tuple(map(_pieces, _options(node))), size(node))


def _options(node: Node) -> Iterator[Node]:
    if isinstance(node, Either):
        for one in node.options:
            yield from _options(one)
    else:
        yield node


def _pieces(node: Node) -> tuple[str, ...]:
    """Letters that stand together wherever the pattern is found."""
    parts = node.parts if isinstance(node, Sequence) else (node,)
    return tuple(_PIECE.findall("".join(map(_letter, parts))))


def _letter(node: Node) -> str:
    """The one that it is; or one that is in no piece."""
    if isinstance(node, Chars) and not node.is_negated and len(node.ranges) == 1:
        low, high = node.ranges[0]
        return low.lower() if low == high and low.isascii() else "\n"
    return "\n"
