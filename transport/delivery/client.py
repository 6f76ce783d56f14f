"""Our SMTP client: carries transactions from a queue over one connection until it is used up, idle or lost."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from typing import Protocol

from transport.delivery import envelope
from transport.delivery.capabilities import Capabilities
from transport.delivery.exchange import Exchange
from transport.delivery.express import Express
from transport.delivery.timeouts import Timeouts
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.queues.courier import Source
from transport.rules.closing import closing

MAX_PUT_BACKS = 2  # then it may be about the message after all


class Owner(Protocol):
    """Whose connection it is."""

    def client_idle(self, client: Client) -> None:
        """It has nothing to send; ``Client.run`` makes it look again."""
        ...

    def client_settled(self, client: Client) -> None:
        """A transaction is over, whatever the server made of it; there may be others whose turn it is."""
        ...

    def client_delivered(self, client: Client, took_s: float) -> None:
        """The server took a message, so many seconds after it took the one before or had nothing to do."""
        ...

    def client_ended(self, client: Client, outcome: Outcome | None, *, is_failure: bool) -> None:
        """It is of no more use; ``outcome`` is why, None when it was done. ``is_failure``: it never was."""
        ...


class Client(Express):
    """``settled`` counts transactions that the server answered."""

    # The dictionary is for the methods that ``delivery.protocol`` replaces; without it there is none.
    __slots__ = ("__dict__", "_begun", "_idle_s", "_max_messages", "_owner", "_since", "is_quitting")

    def __init__(self, loop: asyncio.AbstractEventLoop, timeouts: Timeouts, remote: str) -> None:
        super().__init__(loop, timeouts, remote)
        self.is_quitting = False
        self._owner: Owner | None = None
        self._max_messages = 1
        self._idle_s = 0.0
        self._begun = 0
        self._since = 0.0

    def serve(
        self, owner: Owner, source: Source, capabilities: Capabilities, *, max_messages: int, idle_s: float
    ) -> None:
        """The handshake is done: carry what ``source`` has from now on."""
        self._owner = owner
        self._source = source
        self._capabilities = capabilities
        self._max_messages = max_messages
        self._idle_s = idle_s

    def run(self) -> None:
        """Send the next transaction, if there is one and none in progress."""
        if self.is_closed or self.is_quitting or self._exchanges or self._awaited:
            return
        self._since = self._loop.time()
        if not self._begin_next():
            self._rest()
        if self._out:
            self._flush()

    def quit(self) -> None:
        """Take nothing more; say QUIT when what is in progress has ended (RFC 5321 4.1.1.10)."""
        if self.is_closed or self.is_quitting:
            return
        self._go_careful()
        self.is_quitting = True
        if not self._exchanges:
            self._say_quit()
            self._flush()

    def give_way(self) -> None:
        """What was begun is all that it carries."""
        self._max_messages = self._begun

    def _begin_next(self) -> bool:
        while not self.is_quitting:
            if self._begun >= self._max_messages:
                self.is_quitting = True
                break
            transaction = self._source.take()
            if transaction is None:
                return False
            if self._begin(transaction):
                self._begun += 1
                return True
        return False

    # Ending a transaction, and the connection.

    def _finish(self, exchange: Exchange) -> None:
        if exchange.fatal is not None:
            self._end(exchange.fatal)
            return
        self._exchanges.popleft()
        self.settled += 1
        self._source.settle(exchange.transaction, exchange.outcomes)
        if self._owner is not None:
            self._owner.client_settled(self)
        if not self._exchanges and not self.is_closed and not self._begin_next():
            self._rest()

    def _delivered(self) -> None:
        if self._owner is not None:
            now = self._loop.time()
            self._owner.client_delivered(self, now - self._since)
            self._since = now

    def _rest(self) -> None:
        """Nothing to send: leave, if we should, else wait for more."""
        if self.is_quitting:
            self._say_quit()
        elif not self.is_busy and self._owner is not None:
            self._phase = Phase.MAIL
            self._wait(self._idle_s)
            self._owner.client_idle(self)

    def _say_quit(self) -> None:
        """The owner may go on without us while we wait for the reply (RFC 5321 4.1.1.10)."""
        self._out.append(envelope.QUIT)
        self._expected.append((self._on_quit, None, 0))
        self._wait(self._timeouts.quit_s)
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.client_ended(self, None, is_failure=False)

    def _on_quit(self, _exchange: Exchange, _index: int, _raw: bytes) -> None:
        self.abort()

    def _timed_out(self) -> None:
        if self._owner is not None and not self._expected and not self._awaited:
            self.quit()  # idle for long enough
        else:
            super()._timed_out()

    def _fall(self, outcome: Outcome) -> None:
        if self.is_closed or self._owner is None:
            super()._fall(outcome)
        else:
            self._end(outcome)

    def cut(self, outcome: Outcome) -> None:
        """End it now; what is in progress gets ``outcome``."""
        self._fall(outcome)

    def _end(self, outcome: Outcome) -> None:
        """Close; what was begun is deferred where the server may have dealt with it, and put back where it did not."""
        if self.is_closed:
            return
        self._go_careful()
        self.abort()
        self._expected.clear()
        exchanges, self._exchanges = self._exchanges, deque()
        is_fresh = not self.settled
        # Cut in the middle of a message, it is about that message; cut without an answer, it is about the host.
        has_taken = bool(exchanges) and exchanges[0].has_reply and outcome.reply is None
        for position, exchange in enumerate(exchanges):
            self._end_exchange(exchange, outcome, is_first=position == 0)
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.client_ended(self, outcome, is_failure=bool(is_fresh and exchanges and not has_taken))

    def _take_back(self, exchange: Exchange, outcome: Outcome) -> None:
        """RFC 5321 3.8: the server said 421, so it has not taken the message, which goes over another connection."""
        transaction = exchange.transaction
        if exchange.take_back(outcome):
            transaction.put_backs += 1
            self._source.put_back(transaction)
        else:
            self._source.settle(transaction, exchange.outcomes)

    def _end_exchange(self, exchange: Exchange, outcome: Outcome, *, is_first: bool) -> None:
        transaction = exchange.transaction
        if closing(outcome.reply) is not None and transaction.put_backs < MAX_PUT_BACKS:
            self._take_back(exchange, outcome)
            return
        is_tried = is_first and (exchange.has_reply or not self.settled or transaction.put_backs > 0)
        if not (exchange.is_body_sent or is_tried):
            transaction.put_backs += 1
            self._source.put_back(transaction)
            return
        if exchange.is_body_sent and outcome.reply is None:
            reason = f"{outcome.reason} The message had been sent; it may arrive twice."
            outcome = replace(
                outcome, kind=OutcomeKind.DEFERRED, phase=Phase.DOT, reason=reason, remote=self.remote, tls=self.tls
            )
        exchange.give_up(outcome)
        self._source.settle(transaction, exchange.outcomes)
