"""Counts wrong passwords by account and by network, within a window and within bounded memory; lets guesses at one
account take turns."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

MAX_KEYS = 20_000
MAX_COUNTED = 1000


@dataclass(slots=True)
class _Times:
    """Of each key the newest times; the key that failed longest ago is forgotten when there are too many."""

    times: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def add(self, key: str, now: float) -> None:
        self.times.setdefault(key, deque(maxlen=MAX_COUNTED)).append(now)
        self.times.move_to_end(key)
        while len(self.times) > MAX_KEYS:
            self.times.popitem(last=False)

    def count(self, key: str, since: float) -> int:
        times = self.times.get(key)
        if times is None:
            return 0
        while times and times[0] <= since:
            times.popleft()
        if not times:
            del self.times[key]
        return len(times)


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    takers: int = 0


class LogonFailures:
    """One for each node. A network from which an account signed in is known to it: guesses from elsewhere do not lock
    its owner out there."""

    def __init__(self) -> None:
        self._of_account = _Times()
        self._of_network = _Times()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._meant: OrderedDict[str, str] = OrderedDict()
        self._turns: dict[str, _Turn] = {}

    @asynccontextmanager
    async def turn(self, account: str, network: str) -> AsyncIterator[None]:
        """One password of an account at a time: many connections at once do not get past the limit."""
        key = self._account_key(account, network)
        turn = self._turns.setdefault(key, _Turn())
        turn.takers += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.takers -= 1
            if not turn.takers:
                del self._turns[key]

    def meant_by(self, username: str) -> str:
        """The account of a user name, as far as it was learned: an account may have several names."""
        return self._meant.get(username, username)

    def learn(self, username: str, account: str) -> None:
        """Count what is said to ``username`` for ``account`` from now on."""
        if username != account:
            self._meant[username] = account
            self._meant.move_to_end(username)
            while len(self._meant) > MAX_KEYS:
                self._meant.popitem(last=False)

    def failed(self, account: str, network: str, now: float) -> None:
        """Count a wrong password."""
        self._of_network.add(network, now)
        self._of_account.add(self._account_key(account, network), now)

    def succeeded(self, account: str, network: str) -> None:
        """The right password: what was wrong before from there was its owner's mistyping. Guesses from other networks
        stay counted."""
        known = (account, network)
        self._known[known] = None
        self._of_account.times.pop(self._account_key(account, network), None)
        self._known.move_to_end(known)
        while len(self._known) > MAX_KEYS:
            self._known.popitem(last=False)

    def counts(self, account: str, network: str, *, window_s: float, now: float) -> tuple[int, int]:
        """Wrong passwords within the window: of the account as this network sees it, and of the network."""
        since = now - window_s
        key = self._account_key(account, network)
        return self._of_account.count(key, since), self._of_network.count(network, since)

    def _account_key(self, account: str, network: str) -> str:
        """An account's failures are counted together, but for those from networks that it knows: those each apart."""
        return f"{account}\0{network}" if (account, network) in self._known else account
