"""Answers of DNS for as long as they may be kept; at most so many, the oldest go first."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

MAX_ENTRIES = 10_000
MIN_TTL_S = 5.0
MAX_TTL_S = 3600.0
Value = TypeVar("Value")


class DnsCache(Generic[Value]):
    """``monotonic`` gives seconds."""

    def __init__(self, monotonic: Callable[[], float] | None = None) -> None:
        self._monotonic = monotonic or time.monotonic
        self._entries: OrderedDict[str, tuple[float, Value]] = OrderedDict()

    def get(self, name: str) -> Value | None:
        entry = self._entries.get(name)
        if entry is None:
            return None
        if self._monotonic() >= entry[0]:
            del self._entries[name]
            return None
        return entry[1]

    def put(self, name: str, value: Value, ttl_s: float) -> None:
        self._entries[name] = (self._monotonic() + min(max(ttl_s, MIN_TTL_S), MAX_TTL_S), value)
        self._entries.move_to_end(name)
        while len(self._entries) > MAX_ENTRIES:
            self._entries.popitem(last=False)
