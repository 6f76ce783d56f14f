"""The connections to one next hop: made when there is mail, reused, given up when idle. A queue's courier."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from transport.config.objects import SendConnector
from transport.delivery.client import Client
from transport.delivery.concurrency import Concurrency
from transport.delivery.dials import Dials
from transport.delivery.failure import ConnectionFailed, deferred
from transport.delivery.outbound import Outbound
from transport.delivery.pace import Pace, PacedSource
from transport.delivery.patience import PATIENCE_S, Patience
from transport.delivery.policed import PolicedSource
from transport.delivery.target import Target
from transport.model.outcome import Outcome, Phase
from transport.queues.courier import Source
from transport.rules.closing import Closing, closing
from transport.rules.error_policies import ErrorPolicies

TURN = 20  # messages of one connection while others wait for theirs: Exchange's SmtpMaxMessagesPerConnection
log = structlog.get_logger(__name__)


class ConnectionPool:
    """``pace`` bounds the messages a minute of the connector, ``outbound`` the node's connections; None: no bound."""

    def __init__(
        self,
        connector: SendConnector,
        source: Source,
        dials: Dials,
        loop: asyncio.AbstractEventLoop,
        pace: Pace | None = None,
        outbound: Outbound | None = None,
    ) -> None:
        policies = ErrorPolicies.of(connector)
        if policies is not None:
            source = PolicedSource(source, policies)
        self._connector = connector
        self._queue = source
        self._source: Source = PacedSource(source, pace, self._later) if pace is not None else source
        self._pace = pace
        self._outbound = outbound or Outbound()
        self._dials = dials
        self._loop = loop
        self._concurrency = Concurrency(connector.max_connections)
        self._clients: dict[Client, Target] = {}
        self._idle: list[Client] = []
        self._leaving: set[Client] = set()
        self._dialling: set[asyncio.Task[bool]] = set()
        self._spent: dict[Target, Outcome] = {}
        self._patience = Patience()
        self._patience_timer: asyncio.TimerHandle | None = None
        self._taken_before = 0
        self._later_timer: asyncio.TimerHandle | None = None
        self._is_closing = False
        self._is_empty: asyncio.Event | None = None

    # What dashboards see.

    @property
    def connections(self) -> int:
        return len(self._clients)

    @property
    def connecting(self) -> int:
        return len(self._dialling)

    @property
    def idle(self) -> int:
        """See Waits."""
        return len(self._idle)

    @property
    def limit(self) -> int:
        return self._concurrency.limit

    @property
    def limit_because(self) -> str:
        return self._concurrency.because

    @property
    def holding(self) -> str:
        if self._outbound.is_waiting(self):
            return self._outbound.because
        if self._pace is None or not self._queue.backlog:
            return ""
        return self._pace.because()

    @property
    def skipping(self) -> str:
        return self._dials.skipping()

    def wake(self) -> None:
        """Hand what waits to idle connections; make another where that is worth while."""
        idle, backlog = self._idle, self._source.backlog
        while idle and backlog:
            if self._patience.is_soon_taken(backlog, len(self._clients) - len(idle)):
                self._be_patient()
                return
            waiting = len(idle)
            idle.pop().run()
            if len(idle) >= waiting:
                return  # it found nothing to take and went back
            backlog = self._source.backlog
        if (
            backlog
            and not self._is_closing
            and self._concurrency.may_open(
                connected=len(self._clients),
                connecting=len(self._dialling),
                backlog=backlog,
                now=self._loop.time(),
            )
            and self._outbound.take(self)
        ):
            task = self._loop.create_task(self._open())
            self._dialling.add(task)
            task.add_done_callback(self._dialled)

    def _dialled(self, task: asyncio.Task[bool]) -> None:
        """What came to no connection makes room for others."""
        self._dialling.discard(task)
        if task.cancelled() or task.exception() is not None or not task.result():
            self._outbound.release()

    def spare(self) -> bool:
        """See Waits."""
        others = len(self._idle) - 1
        leaving = next((client for client in self._idle if self._makes_room(client, others)), None)
        if leaving is None:
            return False
        self._idle.remove(leaving)
        leaving.quit()
        return True

    def _makes_room(self, client: Client, others: int) -> bool:
        """For another next hop: when it had its turn, or ``others`` that are idle are enough for what is to be sent.

        A body that is being read from the spool is not to be taken yet, but the connection will be wanted for it."""
        if not self._outbound.is_short_beside(self):
            return False
        return client.settled >= TURN or self._source.backlog <= others

    def _be_patient(self) -> None:
        """Busy connections take it in a moment; look again whether they did."""
        if self._patience_timer is None and not self._is_closing:
            self._taken_before = self._patience.taken
            self._patience_timer = self._loop.call_later(PATIENCE_S, self._lose_patience)

    def _lose_patience(self) -> None:
        self._patience_timer = None
        if self._patience.taken == self._taken_before:
            self._patience.lose()
        self.wake()

    def _later(self, seconds: float) -> None:
        """Look again then: the pace allows no message before."""
        if self._later_timer is None and not self._is_closing:
            self._later_timer = self._loop.call_later(seconds, self._look_again)

    def _look_again(self) -> None:
        self._later_timer = None
        self.wake()

    async def _open(self) -> bool:
        """Whether there is a connection now."""
        try:
            dialled = await self._dials.dial(self._spent, self._last_spent)
        except ConnectionFailed as failed:
            self._forget_dialling()
            self._refused(failed.outcome)
            return False
        except Exception as error:
            log.exception("delivery.dial_failed")
            self._forget_dialling()
            self._refused(deferred(Phase.CONNECT, f"Our own fault: {type(error).__name__}.", "4.3.5"))
            return False
        self._forget_dialling()
        client = dialled.client
        if self._is_closing:
            client.abort()
            return False
        if client.is_closed:
            reason = "The server closed the connection before any mail was sent."
            self._took_nothing(dialled.target, deferred(Phase.EHLO, reason, "4.4.2", remote=client.remote))
            return False
        self._clients[client] = dialled.target
        client.serve(
            self,
            self._source,
            dialled.capabilities,
            max_messages=self._connector.max_messages_per_connection,
            idle_s=self._connector.connection_inactivity_timeout,
        )
        try:
            client.run()
        except Exception as error:
            log.exception("delivery.run_failed")
            reason = f"Our own fault: {type(error).__name__}."
            client.cut(deferred(Phase.MAIL, reason, "4.3.5", remote=client.remote))
        self._loop.call_soon(self.wake)
        return True

    @property
    def _last_spent(self) -> Outcome | None:
        return next(reversed(self._spent.values()), None)

    def _forget_dialling(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._dialling.discard(task)

    def _refused(self, outcome: Outcome) -> None:
        """No exchanger takes another connection."""
        self._fewer(outcome)
        if not self._clients and not self._dialling and not self._is_closing:
            self._spent.clear()
            self._queue.unreachable(outcome)

    def _fewer(self, outcome: Outcome) -> None:
        reason = outcome.reason or str(outcome.reply or "")
        self._concurrency.refused(connected=len(self._clients), now=self._loop.time(), reason=reason)

    def _took_nothing(self, target: Target, outcome: Outcome) -> None:
        """The connection was made, but the server took no mail over it: the next exchanger may."""
        self._dials.took_nothing(target, outcome)
        self._fewer(outcome)
        if self._clients or self._dialling or self._is_closing:
            return
        self._spent[target] = outcome
        if self._source.backlog:
            self._loop.call_soon(self.wake)
        else:
            self._refused(outcome)

    # What its clients tell.

    def client_idle(self, client: Client) -> None:
        if self._is_closing or self._makes_room(client, len(self._idle)):
            client.quit()
        elif client not in self._idle:
            self._idle.append(client)
            self._outbound.has_idle(self)

    def client_ended(self, client: Client, outcome: Outcome | None, *, is_failure: bool) -> None:
        target = self._clients.pop(client)
        if client in self._leaving:
            self._leaving.remove(client)
            self._outbound.leaving -= 1
        self._outbound.release()
        if client in self._idle:
            self._idle.remove(client)
        if self._is_empty is not None and not self._clients:
            self._is_empty.set()
        if outcome is not None and is_failure:
            self._took_nothing(target, outcome)
            return
        if outcome is not None and closing(outcome.reply) is Closing.TOO_MANY and self._clients:
            self._fewer(outcome)
        self._loop.call_soon(self.wake)

    def client_settled(self, client: Client) -> None:
        if client.settled >= TURN and client not in self._leaving and self._outbound.is_short_beside(self):
            self._leaving.add(client)
            self._outbound.leaving += 1
            client.give_way()

    def client_delivered(self, client: Client, took_s: float) -> None:
        if client.settled >= TURN:
            self.client_settled(client)
        self._patience.learn(took_s)
        self._concurrency.delivered()
        if self._spent:
            self._spent.clear()

    async def close(self, timeout_s: float) -> None:
        self._is_closing = True
        self._outbound.forget(self)
        for timer in (self._later_timer, self._patience_timer):
            if timer is not None:
                timer.cancel()
        for task in list(self._dialling):
            task.cancel()
        for client in list(self._clients):
            client.quit()
        try:
            if self._clients:
                self._is_empty = asyncio.Event()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._is_empty.wait(), timeout_s)
        finally:
            for client in list(self._clients):
                client.cut(deferred(Phase.MAIL, "The node is stopping.", "4.3.2", remote=client.remote))
