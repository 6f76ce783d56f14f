"""In which of our domains words could find more than in any other: the addresses of only these are looked at. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from transport.rules.broad_domains import Own
from transport.rules.broad_samples import NAMES, PEOPLE
from transport.rules.pattern_match import words_of

_EVERYWHERE = words_of((*PEOPLE, *NAMES))
"""Runs of letters and digits that the sample has in each domain."""


def telling(words: Iterable[str], own: Own) -> Own:
    """The domains of ours of which a word has a part, and one for all others: in these it finds the same."""
    runs = {one: words_of((one,)) for one in own}
    sought = _sought(words, Counter(run for found in runs.values() for run in found))
    touched = {one for one, has in runs.items() if any(rest <= has for run in has for rest in sought.get(run, ()))}
    return frozenset((*touched, *sorted(own - touched)[:1]))


def _sought(words: Iterable[str], counts: Counter[str]) -> dict[str, list[frozenset[str]]]:
    """What a domain has to have for a word to be in an address there beside what stands in each, by its rarest part. A
    word that is everywhere could find more where a domain is called so."""
    found: dict[str, list[frozenset[str]]] = {}
    for runs in {words_of((word,)) for word in words}:
        rest = runs - _EVERYWHERE
        for run in (min(rest, key=lambda one: (counts[one], one)),) if rest else runs:
            found.setdefault(run, []).append(rest)
    return found
