"""The connections to one next hop: made when there is mail, reused, given up when idle. A queue's courier."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine

import structlog

from transport.config.objects import SendConnector
from transport.delivery.client import Client
from transport.delivery.concurrency import Concurrency
from transport.delivery.dial import Dialled
from transport.delivery.failure import ConnectionFailed, deferred
from transport.model.outcome import Outcome, Phase
from transport.queues.courier import Source

log = structlog.get_logger(__name__)
Dial = Callable[[], Coroutine[None, None, Dialled]]


class ConnectionPool:
    """``dial`` makes one connection that is ready for mail, or raises ConnectionFailed."""

    def __init__(self, connector: SendConnector, source: Source, dial: Dial, loop: asyncio.AbstractEventLoop) -> None:
        self._connector = connector
        self._source = source
        self._dial = dial
        self._loop = loop
        self._concurrency = Concurrency(connector.max_connections)
        self._clients: set[Client] = set()
        self._idle: list[Client] = []
        self._dialling: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self._is_empty: asyncio.Event | None = None

    @property
    def connections(self) -> int:
        return len(self._clients)

    @property
    def connecting(self) -> int:
        return len(self._dialling)

    def wake(self) -> None:
        """Hand what waits to idle connections; make another where that is worth while."""
        while self._idle and self._source.backlog:
            waiting = len(self._idle)
            self._idle.pop().run()
            if len(self._idle) >= waiting:
                return  # it found nothing to take and went back
        if not self._is_closing and self._concurrency.may_open(
            connected=len(self._clients),
            connecting=len(self._dialling),
            backlog=self._source.backlog,
            now=self._loop.time(),
        ):
            task = self._loop.create_task(self._open())
            self._dialling.add(task)
            task.add_done_callback(self._dialling.discard)

    async def _open(self) -> None:
        try:
            dialled = await self._dial()
        except ConnectionFailed as failed:
            self._forget_dialling()
            self._refused(failed.outcome)
            return
        except Exception as error:
            log.exception("delivery.dial_failed")
            self._forget_dialling()
            self._refused(deferred(Phase.CONNECT, f"Our own fault: {type(error).__name__}.", "4.3.5"))
            return
        self._forget_dialling()
        client = dialled.client
        if self._is_closing:
            client.abort()
            return
        if client.is_closed:
            reason = "The server closed the connection before any mail was sent."
            self._refused(deferred(Phase.EHLO, reason, "4.4.2", remote=client.remote))
            return
        self._clients.add(client)
        client.serve(
            self,
            self._source,
            dialled.capabilities,
            max_messages=self._connector.max_messages_per_connection,
            idle_s=self._connector.connection_inactivity_timeout,
        )
        client.run()
        self.wake()

    def _forget_dialling(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._dialling.discard(task)

    def _refused(self, outcome: Outcome) -> None:
        self._concurrency.refused(connected=len(self._clients), now=self._loop.time())
        if not self._clients and not self._dialling and not self._is_closing:
            self._source.unreachable(outcome)

    # What its clients tell.

    def client_idle(self, client: Client) -> None:
        if self._is_closing:
            client.quit()
        elif client not in self._idle:
            self._idle.append(client)

    def client_ended(self, client: Client, failure: Outcome | None) -> None:
        self._clients.discard(client)
        if client in self._idle:
            self._idle.remove(client)
        if self._is_empty is not None and not self._clients:
            self._is_empty.set()
        if failure is not None:
            self._refused(failure)
        else:
            self._loop.call_soon(self.wake)

    def client_delivered(self) -> None:
        self._concurrency.delivered()

    async def close(self, timeout_s: float) -> None:
        self._is_closing = True
        for task in list(self._dialling):
            task.cancel()
        for client in list(self._clients):
            client.quit()
        if self._clients:
            self._is_empty = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_empty.wait(), timeout_s)
        for client in list(self._clients):
            client.cut(deferred(Phase.MAIL, "The node is stopping.", "4.3.2", remote=client.remote))
