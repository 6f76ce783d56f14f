"""Which domain controllers are asked: those that answer. A circuit breaker for each, so that a dead one costs nobody
time; thread-safe."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from directory.errors import DirectoryUnavailable, ReaderRefused
from directory.settings import SourceSettings

LEFT_ALONE_S = 15.0
READER_REFUSED_S = 300.0
"""A wrong password of the account that reads must not be tried so often that it gets locked. Another password is
another setting, which is tried at once."""
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Controllers:
    """Each is known by the settings for it alone. One that failed is left alone for a while; then one question is let
    through to see."""

    clock: Callable[[], float] = time.monotonic
    _until: dict[SourceSettings, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_left_alone(self, one: SourceSettings) -> bool:
        """Whether not to ask it now. Where its time is over, only the first who asks hears no."""
        with self._lock:
            until, now = self._until.get(one), self.clock()
            if until is None:
                return False
            if now < until:
                return True
            self._until[one] = now + LEFT_ALONE_S
            return False

    def failed(self, one: SourceSettings, error: DirectoryUnavailable) -> None:
        for_s = READER_REFUSED_S if isinstance(error, ReaderRefused) else LEFT_ALONE_S
        log.warning(
            "directory.controller_failed", server=str(one.servers[0]), reason=str(error)[:300], again_in_s=for_s
        )
        with self._lock:
            self._until[one] = self.clock() + for_s

    def answered(self, one: SourceSettings) -> None:
        with self._lock:
            self._until.pop(one, None)
