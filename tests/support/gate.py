"""A door in front of a server, to be closed or frozen while it is used: the outage of a database, broker, directory.

gate = Gate("127.0.0.1", 5432); gate.start(); ...; gate.close(); ...; gate.open()
"""

import contextlib
import selectors
import socket
import threading
from enum import Enum
from types import TracebackType
from typing import Self


class State(Enum):
    OPEN = "open"
    CLOSED = "closed"
    FROZEN = "frozen"


class Gate:
    """Listens at ``host``, on a port of its own that stays. Closed: connections end and are refused. Frozen: they are
    taken and nothing comes through."""

    def __init__(self, target_host: str, target_port: int, *, host: str = "127.0.0.1") -> None:
        self._target = target_host, target_port
        self.host = host
        self._lock = threading.RLock()
        self._state = State.OPEN
        self._ends: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._listening = self._listen(0)
        self.port: int = self._listening.getsockname()[1]
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="gate", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._thread.join(timeout=5)
        self.close()
        self._selector.close()

    def open(self) -> None:
        """As if nothing had been."""
        with self._lock:
            if self._state is State.CLOSED:
                self._listening = self._listen(self.port)
            self._state = State.OPEN

    def close(self) -> None:
        """The server is down."""
        with self._lock:
            if self._state is not State.CLOSED:
                self._selector.unregister(self._listening)
                self._listening.close()
            self._state = State.CLOSED
            for end in list(self._ends):
                self._drop(end)

    def freeze(self) -> None:
        """The server hangs, or the network swallows everything."""
        with self._lock:
            self.open()
            self._state = State.FROZEN

    def _listen(self, port: int) -> socket.socket:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((self.host, port))
        listening.listen(128)
        self._selector.register(listening, selectors.EVENT_READ)
        return listening

    def _run(self) -> None:
        while not self._is_over:
            ready = self._selector.select(0.05)
            with self._lock:
                if self._state is State.FROZEN:
                    self._is_over or threading.Event().wait(0.02)
                    continue
                for key, _ in ready:
                    self._serve(key.fileobj)

    def _serve(self, ready: object) -> None:
        assert isinstance(ready, socket.socket)
        if ready is self._listening:
            self._accept()
        elif ready in self._ends:
            try:
                data = ready.recv(65536)
                self._ends[ready].sendall(data)
            except OSError:
                data = b""
            if not data:
                self._drop(ready)

    def _accept(self) -> None:
        near, _ = self._listening.accept()
        try:
            far = socket.create_connection(self._target, timeout=5)
        except OSError:
            near.close()
            return
        for end, other in ((near, far), (far, near)):
            end.settimeout(5)
            self._ends[end] = other
            self._selector.register(end, selectors.EVENT_READ)

    def _drop(self, end: socket.socket) -> None:
        other = self._ends.pop(end, None)
        for one in (end, other):
            if one is not None:
                self._ends.pop(one, None)
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(one)
                one.close()
