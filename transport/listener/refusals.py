"""Keeps refusals for the Refusals page; a flood of them is counted and not kept, so that it cannot fill the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from transport.model.event import TrackingEvent
from transport.ports.spool import SpoolUnavailable

KEPT_PER_PEER_PER_S = 10
KEPT_PER_S = 200
log = structlog.get_logger(__name__)


class RefusalLog:
    """``told`` and ``untold`` count since the start. A kept event says in ``detail["untold"]`` how many of its peer
    were not kept since the one before."""

    def __init__(self, record: Callable[[Sequence[TrackingEvent]], None]) -> None:
        self._record = record
        self._second = 0
        self._in_second = 0
        self._by_peer: dict[str, int] = {}
        self._untold_by_peer: dict[str, int] = {}
        self.told = 0
        self.untold = 0

    def tell(self, event: TrackingEvent) -> None:
        """Keep the event, or count it."""
        self._begin_second(int(event.at))
        of_peer = self._by_peer.get(event.peer, 0)
        if of_peer >= KEPT_PER_PEER_PER_S or self._in_second >= KEPT_PER_S:
            self.untold += 1
            if event.peer in self._untold_by_peer or len(self._untold_by_peer) < 10_000:
                self._untold_by_peer[event.peer] = self._untold_by_peer.get(event.peer, 0) + 1
            return
        self._by_peer[event.peer] = of_peer + 1
        self._in_second += 1
        self._keep(event)

    def _begin_second(self, second: int) -> None:
        if second != self._second:
            self._second, self._in_second = second, 0
            self._by_peer.clear()

    def _keep(self, event: TrackingEvent) -> None:
        untold = self._untold_by_peer.pop(event.peer, 0)
        if untold:
            event = replace(event, detail={**event.detail, "untold": untold})
        try:
            self._record([event])
        except SpoolUnavailable as error:  # a refusal that cannot be kept must still be said to the peer
            self.untold += 1
            log.warning("refusal.not_kept", reason=str(error))
        else:
            self.told += 1
