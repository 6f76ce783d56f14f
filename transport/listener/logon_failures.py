"""Counts wrong passwords by account and by network, within a window and within bounded memory."""

from __future__ import annotations

from collections import OrderedDict, deque
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


class LogonFailures:
    """One for each node. A network from which an account signed in is known to it: guesses from elsewhere do not lock
    its owner out there."""

    def __init__(self) -> None:
        self._of_account = _Times()
        self._of_network = _Times()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

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
