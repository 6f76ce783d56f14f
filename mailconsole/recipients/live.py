"""The live region of directories: empty while all is well."""

from __future__ import annotations

from datetime import datetime

from mailconsole.nodes.live.regions import Piece, piece
from mailconsole.nodes.snapshots import Live
from mailconsole.recipients.services.health import alerts


def directory_alerts(live: Live, now: datetime) -> list[Piece]:
    return [piece(one.key, "recipients/_alert.html", alert=one) for one in alerts(now)]
