"""In which of our domains words could find more than in any other: the addresses of only these are looked at. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from transport.rules.broad_domains import Own
from transport.rules.broad_samples import NAMES, PEOPLE
from transport.rules.pattern_match import Steps, words_of

_EVERYWHERE = words_of((*PEOPLE, *NAMES))
"""Runs of letters and digits that the sample has in each domain."""
_DOMAINS_A_STEP = 3
"""Domains that are looked at in the time of a step."""


@dataclass(frozen=True, slots=True)
class _Runs:
    """The runs of letters and digits of domains; which have which."""

    of: dict[str, frozenset[str]]
    having: dict[str, list[str]]
    counts: Counter[str]


def telling(words: Iterable[str], own: Own, steps: Steps) -> Own:
    """The domains of ours of which a word has a part, and one for all others: in these it finds the same.
    Raises TooMuchWork."""
    runs = _runs(own)
    steps.take(1 + len(own) // _DOMAINS_A_STEP)
    touched: set[str] = set()
    for run, rests in _sought(words, runs.counts).items():
        having = runs.having.get(run, ())
        steps.take(1 + len(having) * len(rests) // _DOMAINS_A_STEP)
        touched.update(one for one in having if _has_any(runs.of[one], rests))
    return frozenset((*touched, *sorted(own - touched)[:1]))


def _has_any(has: frozenset[str], rests: Iterable[frozenset[str]]) -> bool:
    return any(rest <= has for rest in rests)


@lru_cache(maxsize=2)
def _runs(own: Own) -> _Runs:
    of = {one: words_of((one,)) for one in own}
    having: dict[str, list[str]] = {}
    for one, runs in of.items():
        for run in runs:
            having.setdefault(run, []).append(one)
    return _Runs(of, having, Counter({run: len(found) for run, found in having.items()}))


def _sought(words: Iterable[str], counts: Counter[str]) -> dict[str, list[frozenset[str]]]:
    """What a domain has to have for a word to be in an address there beside what stands in each, by its rarest part. A
    word that is everywhere could find more where a domain is called so."""
    found: dict[str, list[frozenset[str]]] = {}
    for runs in {words_of((word,)) for word in words}:
        rest = runs - _EVERYWHERE
        for run in (min(rest, key=lambda one: (counts[one], one)),) if rest else runs:
            found.setdefault(run, []).append(rest)
    return found
