"""Ships tracking events from the node's spool to the console's database: in order, exactly once there."""

from __future__ import annotations

from mailconsole.runtime.ticker import Ticker
from mailconsole.tracking.services.ingest import MAX_BATCH, ingest_events
from mailconsole.tracking.services.offsets import shipped_up_to
from transport.ports.spool import OutboxReader


class Shipper(Ticker):
    """Ticks twice a second, so that a row is queryable within a second and batches are worth their transaction."""

    name = "shipper"
    every_s = 0.5
    keeps_connection = True

    def __init__(self, node: str, outbox: OutboxReader) -> None:
        super().__init__()
        self._node = node
        self._outbox = outbox
        self._shipped: int | None = None

    def tick(self) -> bool:
        if self._shipped is None:
            self._shipped = shipped_up_to(self._node)
            self._outbox.acknowledge(up_to=self._shipped)
        events = self._outbox.read(after=self._shipped, limit=MAX_BATCH)
        if not events:
            return False
        ingest_events(node=self._node, events=events)
        self._shipped = events[-1][0]
        self._outbox.acknowledge(up_to=self._shipped)
        return len(events) == MAX_BATCH
