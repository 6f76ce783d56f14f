"""A thread that does one thing again and again; a failure is logged and tried again later, never raised."""

from __future__ import annotations

import threading

import structlog
from django.db import close_old_connections, connection, connections

MAX_BACKOFF_S = 5.0
log = structlog.get_logger(__name__)


class Ticker:
    """Subclasses say what a tick is. Celery closes Django's connections around tasks only: here each tick does."""

    name = "ticker"
    every_s = 1.0
    keeps_connection = False
    """Whether a connection to SQLite stays open between ticks, with its cache and its prepared statements."""

    def __init__(self) -> None:
        self._wake = threading.Event()
        self._is_stopping = False
        self.is_hurried = False
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_stopping = True
        self._wake.set()
        self._thread.join(timeout=5)

    def hurry(self) -> None:
        """Tick now."""
        self._wake.set()

    def tick(self) -> bool:
        """Do it once; True asks for the next tick at once."""
        return False

    def last(self) -> None:
        """What is done when the thread ends."""

    def _run(self) -> None:
        wait_s = 0.0
        failures = 0
        while not self._is_stopping:
            self.is_hurried = self._wake.wait(wait_s)
            self._wake.clear()
            try:
                if not (self.keeps_connection and connection.vendor == "sqlite"):
                    close_old_connections()
                wait_s = 0.0 if self.tick() else self.every_s
                failures = 0
            except Exception as error:  # the console's database or broker may be down: mail goes on (law 3)
                failures += 1
                wait_s = min(MAX_BACKOFF_S, self.every_s * 2**failures)
                log.warning(f"{self.name}.failed", reason=str(error)[:500], again_in_s=wait_s)
                connections.close_all()
        try:
            self.last()
        except Exception as error:
            log.warning(f"{self.name}.failed", reason=str(error)[:500])
        connections.close_all()
