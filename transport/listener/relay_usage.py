"""How many messages each client sent under each relay policy that has a rate: within the last hour, the last day.

Counted by the minute, for each node by itself. Kept in a file, so that a restart gives nobody a fresh day; a crash
forgets what came since the file was written last.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from pathlib import Path

MINUTE_S, HOUR_MINUTES, DAY_MINUTES = 60, 60, 24 * 60
MAX_CLIENTS = 50_000
"""More are forgotten, those that sent nothing for longest first."""


class _Minutes:
    """Counts by minute, oldest first, and their sum."""

    __slots__ = ("counts", "in_day")

    def __init__(self, counts: Iterable[tuple[int, int]] = ()) -> None:
        self.counts = deque((int(minute), int(count)) for minute, count in counts)
        self.in_day = sum(count for _, count in self.counts)

    def add(self, minute: int) -> None:
        last = self.counts[-1] if self.counts else None
        if last is not None and last[0] >= minute:  # a clock that was set back counts in the newest minute
            self.counts[-1] = last[0], last[1] + 1
        else:
            self.counts.append((minute, 1))
        self.in_day += 1

    def forget(self, before: int) -> None:
        while self.counts and self.counts[0][0] <= before:
            self.in_day -= self.counts.popleft()[1]

    def since(self, minute: int) -> int:
        found = 0
        for at, count in reversed(self.counts):
            if at <= minute:
                break
            found += count
        return found


class RelayUsage:
    """One for each node. ``is_changed`` tells whether the file is behind."""

    def __init__(self) -> None:
        self._by_client: dict[tuple[str, str], _Minutes] = {}
        self.is_changed = False

    def add(self, policy_id: str, client: str, now: float) -> None:
        """Count one message."""
        minutes = self._by_client.pop((policy_id, client), None) or _Minutes()
        self._by_client[policy_id, client] = minutes
        minutes.add(int(now // MINUTE_S))
        self.is_changed = True
        if len(self._by_client) > MAX_CLIENTS:
            del self._by_client[next(iter(self._by_client))]

    def count(self, policy_id: str, client: str, now: float) -> tuple[int, int]:
        """Messages in the last hour and in the last day."""
        minutes = self._by_client.get((policy_id, client))
        if minutes is None:
            return 0, 0
        minute = int(now // MINUTE_S)
        minutes.forget(minute - DAY_MINUTES)
        return minutes.since(minute - HOUR_MINUTES), minutes.in_day

    def snapshot(self, now: float) -> str:
        """What the file holds: rows of policy, client and counts by minute, without what is older than a day."""
        before = int(now // MINUTE_S) - DAY_MINUTES
        rows = []
        for (policy_id, client), minutes in list(self._by_client.items()):
            minutes.forget(before)
            if minutes.counts:
                rows.append([policy_id, client, list(minutes.counts)])
            else:
                del self._by_client[policy_id, client]
        self.is_changed = False
        return json.dumps(rows, separators=(",", ":"))

    def load(self, path: Path) -> None:
        """Read the file of the last run. Raises OSError, ValueError."""
        for policy_id, client, counts in json.loads(path.read_text()):
            self._by_client[str(policy_id), str(client)] = _Minutes(counts)


def write(path: Path, text: str) -> None:
    """Replace the file in one step. Raises OSError."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.replace(path)
