"""Our SMTP client: sends transactions over one connection, pipelined where the server lets it (RFC 2920).

In its steady state one read brings the reply to the last dot and those to the next MAIL, RCPT and DATA, and one write
sends the next body and the group after it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from transport.delivery import envelope, fit, wire
from transport.delivery.capabilities import HELO_ONLY, Capabilities
from transport.delivery.connection import Connection
from transport.delivery.exchange import Exchange
from transport.delivery.timeouts import Timeouts
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.queues.courier import Source
from transport.queues.transaction import Transaction

Step = tuple[bytes, Callable[[Any, int, bytes], None], int]


class Owner(Protocol):
    """Whose connection it is."""

    def client_idle(self, client: Client) -> None:
        """It has nothing to send; ``Client.run`` makes it look again."""
        ...

    def client_delivered(self) -> None:
        """The server took a message."""
        ...

    def client_ended(self, client: Client, failure: Outcome | None) -> None:
        """It is of no more use. ``failure``: the next hop would take nothing over it."""
        ...


class Client(Connection):
    """``settled`` counts transactions that the server answered."""

    def __init__(self, loop: asyncio.AbstractEventLoop, timeouts: Timeouts, remote: str) -> None:
        super().__init__(loop, timeouts, remote)
        self.settled = 0
        self.is_quitting = False
        self._owner: Owner | None = None
        self._capabilities = HELO_ONLY
        self._max_messages = 1
        self._idle_s = 0.0
        self._begun = 0
        self._needs_reset = False
        self._exchanges: deque[Exchange] = deque()
        self._steps: deque[Step] = deque()

    def serve(
        self, owner: Owner, source: Source, capabilities: Capabilities, *, max_messages: int, idle_s: float
    ) -> None:
        """The handshake is done: carry what ``source`` has from now on."""
        self._owner = owner
        self._source = source
        self._capabilities = capabilities
        self._max_messages = max_messages
        self._idle_s = idle_s

    @property
    def is_busy(self) -> bool:
        return bool(self._exchanges)

    def run(self) -> None:
        """Send the next transaction, if there is one and none in progress."""
        if self.is_closed or self.is_quitting or self._exchanges:
            return
        if not self._begin_next():
            self._rest()
        if self._out:
            self._flush()

    def quit(self) -> None:
        """Take nothing more; say QUIT when what is in progress has ended (RFC 5321 4.1.1.10)."""
        if self.is_closed or self.is_quitting:
            return
        self.is_quitting = True
        if not self._exchanges:
            self._say_quit()
            self._flush()

    # Beginning a transaction.

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

    def _begin(self, transaction: Transaction) -> bool:
        """Send its first commands; False when it came to its end without any."""
        capabilities = self._capabilities
        if len(transaction.recipients) > capabilities.max_recipients:
            self._source.split(transaction, capabilities.max_recipients)
        exchange = Exchange(transaction, self.remote, self.tls)
        recipients, body = transaction.recipients, transaction.body
        assert body is not None
        fits = fit.check(transaction.message, recipients, body, capabilities, is_tls=bool(self.tls))
        for position in range(len(recipients)):
            misfit = fits.misfit or (fits.unfit.get(position) if fits.unfit else None)
            if misfit is None:
                exchange.to_send.append(position)
            else:
                exchange.unfit(position, misfit)
        if not exchange.to_send:
            self._source.settle(transaction, exchange.outcomes)
            return False
        transaction.is_dsn_passed_on = capabilities.has_dsn
        self._send_envelope(exchange, fits)
        return True

    def _send_envelope(self, exchange: Exchange, fits: fit.Fit) -> None:
        transaction, capabilities = exchange.transaction, self._capabilities
        steps: list[Step] = [(envelope.RSET, self._on_reset, 0)] if self._needs_reset else []
        command = envelope.mail(transaction.message, capabilities, is_eight_bit=fits.is_eight_bit, is_utf8=fits.is_utf8)
        steps.append((command, self._on_mail, 0))
        for position in exchange.to_send:
            command = envelope.rcpt(transaction.recipients[position], capabilities, is_utf8=fits.is_utf8)
            steps.append((command, self._on_rcpt, position))
        steps.append((envelope.DATA, self._on_data, 0))
        self._needs_reset = False
        self._phase = Phase.MAIL
        self._exchanges.append(exchange)
        if capabilities.has_pipelining:
            for command, handler, position in steps:
                self._out.append(command)
                self._expected.append((handler, exchange, position))
        else:
            self._steps.extend(steps)
            self._next_step(exchange)
        self._wait(self._timeouts.mail_s)

    def _next_step(self, exchange: Exchange) -> None:
        """Without PIPELINING: the next command, unless what was answered makes it pointless."""
        command, handler, position = self._steps.popleft()
        is_pointless = exchange.is_mail_refused or (command is envelope.DATA and not exchange.accepted)
        if is_pointless or exchange.fatal is not None:
            self._steps.clear()
            self._needs_reset = True
            self._finish(exchange)
            return
        self._out.append(command)
        self._expected.append((handler, exchange, position))

    # Replies.

    def _on_reset(self, exchange: Exchange, _index: int, _raw: bytes) -> None:
        if self._steps:
            self._next_step(exchange)

    def _on_mail(self, exchange: Exchange, _index: int, raw: bytes) -> None:
        self._phase = Phase.RCPT
        exchange.on_mail(raw)
        if self._steps:
            self._next_step(exchange)
        elif exchange.fatal is not None:
            self._end(exchange.fatal)

    def _on_rcpt(self, exchange: Exchange, position: int, raw: bytes) -> None:
        exchange.on_rcpt(position, raw)
        if self._steps:
            self._next_step(exchange)
        elif exchange.fatal is not None:
            self._end(exchange.fatal)

    def _on_data(self, exchange: Exchange, _index: int, raw: bytes) -> None:
        self._phase = Phase.DATA
        is_body_wanted = exchange.on_data(raw)
        if exchange.fatal is not None:
            self._end(exchange.fatal)
        elif not is_body_wanted:
            self._needs_reset = True
            self._finish(exchange)
        elif exchange.accepted:
            self._send_body(exchange)
        else:  # RFC 2920 3.1: DATA was accepted although nobody was; an empty message ends it
            self._out.append(wire.DOT)
            self._expected.append((self._on_empty, exchange, 0))
            self._needs_reset = True

    def _send_body(self, exchange: Exchange) -> None:
        body = exchange.transaction.body
        assert body is not None
        self._phase = Phase.DOT
        exchange.is_body_sent = True
        self._out.append(wire.encode(body))
        self._out.append(wire.DOT)
        self._expected.append((self._on_dot, exchange, 0))
        if self._capabilities.has_pipelining:
            self._begin_next()
        self._wait(self._timeouts.dot_s)

    def _on_dot(self, exchange: Exchange, _index: int, raw: bytes) -> None:
        exchange.on_dot(raw)
        if exchange.fatal is None and self._owner is not None:
            self._owner.client_delivered()
        self._finish(exchange)

    def _on_empty(self, exchange: Exchange, _index: int, _raw: bytes) -> None:
        self._finish(exchange)

    # Ending a transaction, and the connection.

    def _finish(self, exchange: Exchange) -> None:
        if exchange.fatal is not None:
            self._end(exchange.fatal)
            return
        self._exchanges.popleft()
        self.settled += 1
        self._source.settle(exchange.transaction, exchange.outcomes)
        if not self._exchanges and not self.is_closed and not self._begin_next():
            self._rest()

    def _rest(self) -> None:
        """Nothing to send: leave, if we should, else wait for more."""
        if self.is_quitting:
            self._say_quit()
        elif not self._exchanges and self._owner is not None:
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
            owner.client_ended(self, None)

    def _on_quit(self, _exchange: Exchange, _index: int, _raw: bytes) -> None:
        self.abort()

    def _timed_out(self) -> None:
        if self._owner is not None and not self._expected:
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
            owner.client_ended(self, outcome if is_fresh and exchanges and not has_taken else None)

    def _end_exchange(self, exchange: Exchange, outcome: Outcome, *, is_first: bool) -> None:
        transaction = exchange.transaction
        is_tried = is_first and (exchange.has_reply or not self.settled or transaction.put_backs > 0)
        if not (exchange.is_body_sent or is_tried):
            transaction.put_backs += 1
            self._source.put_back(transaction)
            return
        if exchange.is_body_sent and outcome.reply is None:
            reason = f"{outcome.reason} The message had been sent; it may arrive twice."
            outcome = Outcome(OutcomeKind.DEFERRED, Phase.DOT, None, reason, self.remote, self.tls, outcome.status)
        exchange.give_up(outcome)
        self._source.settle(transaction, exchange.outcomes)
