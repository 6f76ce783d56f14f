"""Keeps standing orders on the node's own disk: they hold over a restart, whoever else is down (law 3)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import structlog

from transport.model.orders import StandingOrders

log = structlog.get_logger(__name__)


class OrderBook:
    """``path`` is one file, swapped whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> StandingOrders | None:
        """What was ordered; none where nothing was. None when the file cannot be read: what is held stays held."""
        try:
            return StandingOrders.of_row(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return StandingOrders()
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.error("orders.unreadable", reason=str(error)[:500])
            return None

    def write(self, orders: StandingOrders) -> None:
        """Synced when it returns. Raises OSError."""
        draft = self._path.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(orders.row(), file, ensure_ascii=True)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
