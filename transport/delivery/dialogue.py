"""The dialogue of transactions on one connection: commands out, replies to their exchange, in groups where the server
lets us (RFC 2920), else one at a time. What comes before and after a transaction is the client's."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any

from transport.delivery import envelope, fit, wire
from transport.delivery.capabilities import HELO_ONLY
from transport.delivery.connection import Connection
from transport.delivery.exchange import Exchange
from transport.delivery.timeouts import Timeouts
from transport.model.outcome import Outcome, Phase
from transport.queues.courier import Source
from transport.queues.transaction import Transaction
from transport.rules import dsn_parts

CHUNKED_FROM_BYTES = 1024 * 1024  # no dots to look for, and no 354 to wait for; below that DATA costs no more
Step = tuple[bytes, Callable[[Any, int, bytes], None], int]


class Dialogue(Connection):
    """In the steady state one read brings the reply to the last dot and those to the next MAIL, RCPT and DATA, and one
    write sends the next body and the group after it."""

    __slots__ = ("_capabilities", "_exchanges", "_needs_reset", "_source", "_steps")
    _source: Source

    def __init__(self, loop: asyncio.AbstractEventLoop, timeouts: Timeouts, remote: str) -> None:
        super().__init__(loop, timeouts, remote)
        self._capabilities = HELO_ONLY
        self._needs_reset = False
        self._exchanges: deque[Exchange] = deque()
        self._steps: deque[Step] = deque()

    @abstractmethod
    def _begin_next(self) -> bool:
        """Begin another transaction, if there is one."""

    @abstractmethod
    def _finish(self, exchange: Exchange) -> None:
        """The first exchange has come to its end."""

    @abstractmethod
    def _end(self, outcome: Outcome) -> None:
        """The connection is of no more use."""

    @abstractmethod
    def _delivered(self) -> None:
        """The server took a message."""

    def _begin(self, transaction: Transaction) -> bool:
        """Send its first commands; False when it came to its end without any."""
        capabilities = self._capabilities
        if len(transaction.recipients) > capabilities.max_recipients:
            self._source.split(transaction, capabilities.max_recipients)
        exchange = Exchange(transaction, self.remote, self.tls, self.note)
        recipients, body = transaction.recipients, transaction.body
        assert body is not None
        fits = fit.check(transaction.message, recipients, body, capabilities, is_verified=self.is_verified)
        if fits.misfit is fit.NO_8BITMIME and transaction.message.is_dsn:  # nobody would be told that it was lost
            exchange.body = body = dsn_parts.without_content(body)
            fits = fit.check(transaction.message, recipients, body, capabilities, is_verified=self.is_verified)
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
        exchange.fit = fits
        exchange.is_chunked = fits.is_binary or (capabilities.has_chunking and len(body) >= CHUNKED_FROM_BYTES)
        self._send_envelope(exchange)
        return True

    def _send_envelope(self, exchange: Exchange) -> None:
        transaction, capabilities, fits = exchange.transaction, self._capabilities, exchange.fit
        steps: list[Step] = [(envelope.RSET, self._on_reset, 0)] if self._needs_reset else []
        command = envelope.mail(transaction.message, capabilities, fits)
        steps.append((command, self._on_mail, 0))
        for position in exchange.to_send:
            command = envelope.rcpt(transaction.recipients[position], capabilities, is_utf8=fits.is_utf8)
            steps.append((command, self._on_rcpt, position))
        if not exchange.is_chunked:
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
        self._extend(self._timeouts.mail_s)
        if self._steps:
            self._next_step(exchange)

    def _on_mail(self, exchange: Exchange, _index: int, raw: bytes) -> None:
        self._phase = Phase.RCPT
        self._extend(self._timeouts.rcpt_s)  # RFC 5321 4.5.3.2: each reply has its time
        exchange.on_mail(raw)
        if self._steps:
            self._next_step(exchange)
        elif exchange.fatal is not None:
            self._end(exchange.fatal)

    def _on_rcpt(self, exchange: Exchange, position: int, raw: bytes) -> None:
        self._extend(self._timeouts.rcpt_s)
        exchange.on_rcpt(position, raw)
        if self._steps:
            self._next_step(exchange)
        elif exchange.fatal is not None:
            self._end(exchange.fatal)
        elif exchange.is_chunked and position == exchange.to_send[-1]:
            self._send_chunk(exchange)

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
        self._phase = Phase.DOT
        exchange.is_body_sent = True
        message, body = exchange.transaction.message, exchange.body
        is_dotless = message.is_dotless and body is exchange.transaction.body
        self._out.append(wire.encode(body, is_checked=message.is_canonical, is_dotless=is_dotless))
        self._out.append(wire.DOT)
        self._await_dot(exchange)

    def _send_chunk(self, exchange: Exchange) -> None:
        """The message in one chunk, without a dot: what is in it cannot end it."""
        self._needs_reset = True  # RFC 3030 2 leaves open what is left of a transaction whose chunk was refused
        if not exchange.accepted:
            self._finish(exchange)
            return
        body = exchange.body
        self._phase = Phase.DOT
        exchange.is_body_sent = True
        if not exchange.fit.is_binary:
            body = wire.lines(body, is_checked=exchange.transaction.message.is_canonical)
        self._out += [envelope.last_chunk(len(body)), body]
        self._await_dot(exchange)

    def _await_dot(self, exchange: Exchange) -> None:
        self._expected.append((self._on_dot, exchange, 0))
        if self._capabilities.has_pipelining:
            self._begin_next()
        # RFC 1047, RFC 5321 4.5.3.2.6: whoever waits for less than ten minutes makes duplicates.
        self._wait(self._timeouts.dot_s)

    def _on_dot(self, exchange: Exchange, _index: int, raw: bytes) -> None:
        self._extend(self._timeouts.mail_s)
        exchange.on_dot(raw)
        if exchange.fatal is None:
            self._delivered()
        self._finish(exchange)

    def _on_empty(self, exchange: Exchange, _index: int, _raw: bytes) -> None:
        self._finish(exchange)
