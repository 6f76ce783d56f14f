"""What lists in DNS answered once, read again from the trail of a decision (``dns_lists`` wrote it). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from transport.model.verdict import Answer
from transport.rules import dns_lists
from transport.rules.dns_lists import ALLOW, BLOCK, Listing, Provider

_PART = r"(?:0|[1-9][0-9]{0,2})"
_CODE = rf"127\.{_PART}\.{_PART}\.{_PART}"
_CODES = re.compile(rf"\(({_CODE}(?:, {_CODE})*)\)")


@dataclass(frozen=True, slots=True)
class Recalled:
    """One answer: of which domain, and with which codes as far as they were written down."""

    domain: str
    answer: Answer
    codes: tuple[str, ...]
    because: str


class Recalling:
    """The answers in the rows of a trail, for providers as they are in any document."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._said = {(str(row[0]), str(row[1])): said for row in rows if (said := _read(row)) is not None}

    def __bool__(self) -> bool:
        return bool(self._said)

    def __call__(self, provider: Provider) -> Listing | None:
        """None where another was asked then, or none, or where other codes count now than were written down."""
        said = self._said.get((dns_lists.kind_of(provider), provider.id))
        if said is None or said.domain != provider.lookup_domain:
            return None
        if said.answer is Answer.CANNOT_TELL:
            return Listing(provider, Answer.CANNOT_TELL, said.because)
        found = dns_lists.listing(provider, said.codes)
        is_lost = said.answer is Answer.YES and found.answer is not Answer.YES  # only the code that counted is there
        return None if is_lost else found


def _read(row: Sequence[Any]) -> Recalled | None:
    """None for other steps, and for a provider that was not asked. What stands in the row may be anything."""
    if len(row) != 5 or row[0] not in (BLOCK, ALLOW) or str(row[3]) not in set(Answer):
        return None
    because = str(row[4])
    domain, _, rest = because.partition(" ")
    if rest == dns_lists.NOT_ASKED:
        return None
    found = _CODES.search(because)
    codes = tuple(found[1].split(", ")) if found else ()
    answer = Answer(str(row[3]))
    if (answer is Answer.YES and not codes) or not all(map(_is_code, codes)):
        return None
    return Recalled(domain, answer, codes, because)


def _is_code(text: str) -> bool:
    return all(int(part) < 256 for part in text.split("."))
