"""What is told to people who must not know the members of some groups. Pure.

Such groups are asked nothing for them: their entries are marked before the rules see them, so that nothing that
follows from who is inside can be told, in words or in numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from transport.ports.recipients import EntryKind, RecipientEntry
from transport.ports.unavailable import LookupUnavailable

HIDES = "The directory hides its members."
UNTOLD = "A group that hides its members has something to do with it: administrators see what."

Finds = Callable[[str], RecipientEntry | None]


class Withheld(LookupUnavailable):
    """Only who may know the members of a group gets this answer."""

    def __init__(self) -> None:
        super().__init__(UNTOLD)


def discreet(finds: Finds, hiding: Callable[[Collection[str]], frozenset[str]]) -> Finds:
    """The same directory for people who must not know the members of groups that hide them; ``hiding`` says which of
    the addresses, in lower case, are those of such groups."""

    def find(address: str) -> RecipientEntry | None:
        entry = finds(address)
        if entry is None or entry.kind is not EntryKind.GROUP:
            return entry
        names = {address.lower(), entry.address.lower(), entry.primary_address.lower()}
        return replace(entry, is_withheld=True) if hiding(names) else entry

    return find
