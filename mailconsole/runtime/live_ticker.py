"""Shows what all nodes show: each does so once a second, so that a page is 1.5 s behind at most."""

from __future__ import annotations

from mailconsole.nodes.live.publish import publish_regions
from mailconsole.runtime.ticker import Ticker


class LiveTicker(Ticker):
    """Ticks twice a second."""

    name = "live"
    every_s = 0.5
    keeps_connection = True

    def tick(self) -> bool:
        publish_regions()
        return False
