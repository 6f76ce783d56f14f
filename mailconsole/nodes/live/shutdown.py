"""Streams end when the process is told to stop: the server waits for open responses before it lets go."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

_callbacks: list[Callable[[], None]] = []


def on_shutdown(callback: Callable[[], None]) -> None:
    """Call back at TERM or INT, before whatever the server does itself; only the main thread can listen."""
    if threading.current_thread() is not threading.main_thread():
        return
    if not _callbacks:
        for number in (signal.SIGTERM, signal.SIGINT):
            _chain(number)
    _callbacks.append(callback)


def _chain(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        for callback in _callbacks:
            callback()
        if callable(before):
            before(received, frame)

    signal.signal(number, handle)
