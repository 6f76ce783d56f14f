"""Looks for a pattern in one pass over a text, whatever pattern and text: no way back, so no ReDoS. Pure.

A pattern becomes a machine (Thompson's); the sets of states that it is in are made when they are first met, kept, and
thrown away when there are too many (as RE2 does). Work is counted in steps, which callers bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from transport.config.pattern_syntax import Chars, Edge, Either, Node, Repeat, Sequence, parse

MAX_TRANSITIONS = 2_000
"""That a pattern remembers, and fewer where they lead to large sets."""


class TooMuchWork(Exception):
    """The steps that a message is worth are used up: whether the pattern is there can't be told."""


class Steps:
    """What may still be done for a message."""

    __slots__ = ("left",)

    def __init__(self, most: int) -> None:
        self.left = most

    def take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise TooMuchWork


class _Set:
    """States that the machine is in together."""

    __slots__ = ("is_end", "is_match", "states", "then")

    def __init__(self, states: frozenset[int], *, is_match: bool, is_end: bool) -> None:
        self.states = states
        self.is_match = is_match
        self.is_end = is_end
        self.then: dict[str, _Set] = {}


class Pattern:
    """A compiled pattern; letter case is ignored."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._chars: dict[int, Chars] = {}
        self._edges: dict[int, Edge] = {}
        self._next: list[tuple[int, ...]] = []
        self._match = self._state()
        self._begin = self._build(parse(text), self._match)
        self._sets: dict[frozenset[int], _Set] = {}
        self._transitions = 0
        self._first = self._before_all()
        self._again = self._closure([self._begin], is_start=False)

    def is_in(self, text: str, steps: Steps) -> bool:
        """Whether it is anywhere in ``text``. Raises TooMuchWork."""
        here = self._first
        steps.take(len(text) + 1)
        for character in text:
            if here.is_match:
                return True
            following = here.then.get(character)
            here = following if following is not None else self._follow(here, character, steps)
        return here.is_match or here.is_end

    def _follow(self, here: _Set, character: str, steps: Steps) -> _Set:
        steps.take(2 * len(here.states) + 1)
        reached = [one for state in here.states if state in self._chars and self._chars[state].has(character)
                   for one in self._next[state]]  # fmt: skip
        found = self._set(self._closure(reached, is_start=False) | self._again)
        steps.take(len(found.states))
        if self._transitions >= MAX_TRANSITIONS:
            self._sets.clear()
            self._first.then.clear()
            self._transitions = 0
            found.then.clear()
        self._transitions += 1 + len(found.states) // 8
        here.then[character] = found
        return found

    def _before_all(self) -> _Set:
        """Only of an empty text are these states at the end too: no later set is the same."""
        states = self._closure([self._begin], is_start=True)
        at_end = self._closure(states, is_start=True, is_end=True)
        return _Set(states, is_match=self._match in states, is_end=self._match in at_end)

    def _set(self, states: frozenset[int]) -> _Set:
        found = self._sets.get(states)
        if found is None:
            at_end = self._closure(states, is_start=False, is_end=True)
            found = _Set(states, is_match=self._match in states, is_end=self._match in at_end)
            self._sets[states] = found
        return found

    def _closure(self, states: list[int] | frozenset[int], *, is_start: bool, is_end: bool = False) -> frozenset[int]:
        """The states that are reached without a character."""
        seen: set[int] = set()
        ahead = list(states)
        while ahead:
            state = ahead.pop()
            if state in seen:
                continue
            seen.add(state)
            edge = self._edges.get(state)
            is_held = edge is not None and not (is_start if edge is Edge.START else is_end)
            if state not in self._chars and not is_held:
                ahead += self._next[state]
        return frozenset(seen)

    def _state(self, *following: int) -> int:
        self._next.append(following)
        return len(self._next) - 1

    def _build(self, node: Node, then: int) -> int:
        """The state in which ``node`` begins, before ``then``."""
        if isinstance(node, Chars):
            state = self._state(then)
            self._chars[state] = node
            return state
        if isinstance(node, Edge):
            state = self._state(then)
            self._edges[state] = node
            return state
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                then = self._build(part, then)
            return then
        if isinstance(node, Either):
            return self._state(*(self._build(option, then) for option in node.options))
        return self._repeated(node, then)

    def _repeated(self, node: Repeat, then: int) -> int:
        if node.most is None:
            loop = self._state()
            self._next[loop] = (self._build(node.part, loop), then)
            then = loop
        else:
            after = then
            for _ in range(node.most - node.least):
                then = self._state(self._build(node.part, then), after)
        for _ in range(node.least):
            then = self._build(node.part, then)
        return then


_RUN = re.compile(r"[^\W_]+")
TEXT_A_STEP = 50
"""Characters that a phrase is looked for in, in the time of a step."""


FEW = 20
"""Words that are looked for in a short text one by one, which is quicker."""


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """What ``Words.find_among`` asks first: all runs of letters and digits, in lower case."""
    return frozenset(run for text in texts for run in _RUN.findall(text.lower()))


class Words:
    """Words or phrases that are looked for whole, in any letter case."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words
        self._lowered = tuple((word, word.lower()) for word in words)
        self._runs = tuple(frozenset(_RUN.findall(low)) for _, low in self._lowered)
        self._by_run: dict[str, list[int]] = {}
        self._without: list[int] = []
        for place, runs in enumerate(self._runs):
            places = self._by_run.setdefault(min(runs), []) if runs else self._without
            places.append(place)

    def find(self, text: str) -> str:
        """The first of them that is in ``text``, or empty."""
        if len(self._lowered) > FEW:
            return self.find_among([text], words_of([text]))
        lowered = text.lower()
        return next((word for word, low in self._lowered if low in lowered and _stands(low, lowered)), "")

    def find_among(self, texts: list[str], words: frozenset[str], steps: Steps | None = None) -> str:
        """The first of them that is in one of the texts, or empty; ``words`` are those of the texts. Long texts and
        many words cost little: only phrases all whose words are there are looked for. Raises TooMuchWork."""
        there = [place for run in self._by_run.keys() & words for place in self._by_run[run]]
        for place in sorted([*there, *self._without]):
            word, low = self._lowered[place]
            if low in words or (self._runs[place] <= words and _is_in_any(low, texts, steps)):
                return word
        return ""


def _is_in_any(low: str, texts: list[str], steps: Steps | None) -> bool:
    for text in texts:
        if steps is not None:
            steps.take(1 + len(text) // TEXT_A_STEP)
        lowered = text.lower()
        if low in lowered and _stands(low, lowered, steps):
            return True
    return False


def _stands(word: str, text: str, steps: Steps | None = None) -> bool:
    """Whether it stands there as a word: ``ass`` is not in ``class``. Raises TooMuchWork."""
    at = text.find(word)
    while at >= 0:
        if steps is not None:
            steps.take(1)
        end = at + len(word)
        is_begun = not word[0].isalnum() or at == 0 or not text[at - 1].isalnum()
        if is_begun and (not word[-1].isalnum() or end == len(text) or not text[end].isalnum()):
            return True
        at = text.find(word, at + 1)
    return False
