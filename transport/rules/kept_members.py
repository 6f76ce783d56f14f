"""Everybody in the groups that restrictions name: read once for a revision and a version of the directory, not with
each RCPT. Pure but for what it remembers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transport.ports.unavailable import LookupUnavailable

MAX_KEYS = 300_000
"""That are remembered of all groups together."""


@dataclass(frozen=True, slots=True)
class Members:
    """The keys of everybody in some groups; ``unknown``: why there may be more."""

    keys: frozenset[str]
    unknown: LookupUnavailable | None = None

    def hold(self, keys: frozenset[str]) -> bool:
        """Whether one with these keys is inside. Raises LookupUnavailable, Withheld."""
        if not self.keys.isdisjoint(keys):
            return True
        if self.unknown is not None:
            raise self.unknown.with_traceback(None)
        return False


class KeptMembers:
    """By the addresses of the groups; who was asked about longest ago goes first."""

    def __init__(self) -> None:
        self._version: object = None
        self._kept: dict[frozenset[str], Members] = {}
        self._count = 0

    def of(self, version: object, groups: frozenset[str], read: Callable[[], Members]) -> Members:
        """The members of the groups, as the ``version`` of the directory has them."""
        if version is not self._version:
            self._version, self._count = version, 0
            self._kept.clear()
        found = self._kept.pop(groups, None)
        if found is None:
            found = read()
            if found.unknown is not None or len(found.keys) > MAX_KEYS:
                return found  # a group that can't be read now may be read in a moment
            self._count += len(found.keys) + 1
        self._kept[groups] = found
        while self._count > MAX_KEYS:
            self._count -= len(self._kept.pop(next(iter(self._kept))).keys) + 1
        return found
