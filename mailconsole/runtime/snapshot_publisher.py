"""Shows the node's snapshot to the console each second; while Redis is away, nobody sees it, and mail goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailconsole.nodes.snapshots import publish_snapshot
from mailconsole.runtime.ticker import Ticker

if TYPE_CHECKING:
    from mailconsole.runtime.host import TransportHost


class SnapshotPublisher(Ticker):
    """Ticks each second."""

    name = "snapshot"
    every_s = 1.0

    def __init__(self, host: TransportHost) -> None:
        super().__init__()
        self._host = host

    def tick(self) -> bool:
        shown = self._host.call(lambda service: service.snapshot())
        publish_snapshot(self._host.node, shown.to_json())
        return False
