"""The common case of a dialogue without its ceremony: a message that a pipelining server takes without a murmur.

Its replies are counted, not looked at one by one. Whatever else comes, is to be sent or goes wrong is for the careful
way (``Dialogue``), which is first put where it would be had it gone all the way itself, and then decides alone.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod

from transport.delivery import dialogue, envelope, wire
from transport.delivery.connection import Handler
from transport.delivery.exchange import Exchange
from transport.delivery.timeouts import Timeouts
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.queues.transaction import Transaction
from transport.rules import replies

_LF = ord("\n")
_YES, _GO_AHEAD = b"250 ", b"354 "


def count_yes(data: bytes, awaited: int, *, is_data_last: bool) -> int:
    """How many replies ``data`` holds where each is the one line that says yes, 250 or, to DATA, 354; ``awaited`` are
    still to come, the last of them that to DATA where ``is_data_last``. 0 where anything is different."""
    count = data.count(b"\n")
    if count > awaited or data[-1] != _LF:
        return 0
    taken = data.count(b"\n250 ") + (data[:4] == _YES)
    if count == awaited and is_data_last:
        last = data.rfind(b"\n", 0, -1) + 1
        return count if taken == count - 1 and data[last : last + 4] == _GO_AHEAD else 0
    return count if taken == count else 0


class Express(dialogue.Dialogue):
    """``_awaited`` replies are to come, 0 while the dialogue goes the careful way. The body of ``_landing`` is sent; of
    ``_boarding`` the envelope, and ``_answered`` of its commands were answered."""

    __slots__ = ("_answered", "_awaited", "_boarding", "_landing", "settled")

    def __init__(self, loop: asyncio.AbstractEventLoop, timeouts: Timeouts, remote: str) -> None:
        super().__init__(loop, timeouts, remote)
        self.settled = 0
        self._awaited = 0
        self._answered = 0
        self._landing: Transaction | None = None
        self._boarding: Transaction | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a transaction is in progress."""
        return bool(self._exchanges or self._awaited)

    @abstractmethod
    def _rest(self) -> None:
        """There is nothing to send."""

    def _begin(self, transaction: Transaction) -> bool:
        capabilities, body = self._capabilities, transaction.body
        recipients = transaction.recipients
        if not (
            self._exchanges
            or self._needs_reset
            or self.note
            or not capabilities.has_pipelining
            or len(recipients) > capabilities.max_recipients
            or body is None
            or (capabilities.has_chunking and len(body) >= dialogue.CHUNKED_FROM_BYTES)
        ):
            group = envelope.group(transaction.message, recipients, body, capabilities)
            if group is not None:
                transaction.is_dsn_passed_on = capabilities.has_dsn
                self._out.append(group)
                self._board(transaction)
                return True
        self._go_careful()
        return super()._begin(transaction)

    def _board(self, transaction: Transaction) -> None:
        self._boarding = transaction
        self._answered = 0
        self._awaited += len(transaction.recipients) + 2
        if self._landing is None:
            self._wait(self._timeouts.mail_s)

    def _await_dot(self, exchange: Exchange) -> None:
        """From here on the careful way has nothing of its own to know about a message that everybody gets."""
        is_whole = len(exchange.accepted) == len(exchange.outcomes) and not (exchange.is_chunked or exchange.note)
        if is_whole and len(self._exchanges) == 1 and self._capabilities.has_pipelining:
            self._exchanges.clear()
            self._depart(exchange.transaction)
            self._follow()
        else:
            super()._await_dot(exchange)

    def _depart(self, transaction: Transaction) -> None:
        """Its body is on the way."""
        self._landing, self._boarding = transaction, None
        self._awaited = 1

    def _follow(self) -> None:
        """The envelope of the next goes right behind the body."""
        self._begin_next()
        self._wait(self._timeouts.dot_s)  # RFC 1047, RFC 5321 4.5.3.2.6

    def _receive(self, data: bytes) -> None:
        awaited = self._awaited
        count = count_yes(data, awaited, is_data_last=self._boarding is not None) if awaited else 0
        if not count:
            self._go_careful()
            super()._receive(data)
            return
        self._awaited = awaited - count
        boarding, landing = self._boarding, self._landing
        if landing is not None:
            self._landing = None
            count -= 1
            self._settle(landing, data[: data.index(b"\n")])
        self._answered += count
        if boarding is None:
            if not (self.is_closed or self._begin_next()):
                self._rest()
        elif self._awaited:
            self._extend(self._timeouts.mail_s)
        else:
            self._depart(boarding)
            message, body = boarding.message, boarding.body or b""
            body = wire.encode(body, is_checked=message.is_canonical, is_dotless=message.is_dotless)
            self._out += (body, wire.DOT)
            self._follow()
        if self._out:
            self._flush()

    def _settle(self, transaction: Transaction, line: bytes) -> None:
        """The server took it, with this reply."""
        self.settled += 1
        self._delivered()
        if self.note or not self._source.delivered(transaction, replies.said(line), self.remote, self.tls):
            reply = replies.parse(line)
            outcome = Outcome(OutcomeKind.DELIVERED, Phase.DOT, reply, self.note, self.remote, self.tls)
            self._source.settle(transaction, [outcome] * len(transaction.recipients))

    # Handing over to the careful way.

    def _go_careful(self) -> None:
        """Put it where it would be had it seen all of this dialogue."""
        landing, boarding, answered = self._landing, self._boarding, self._answered
        self._awaited, self._landing, self._boarding = 0, None, None
        if landing is not None:
            exchange = self._resume(landing)
            exchange.accepted = exchange.to_send
            exchange.has_reply = exchange.is_body_sent = True
            self._phase = Phase.DOT
            self._expected.append((self._on_dot, exchange, 0))
        if boarding is not None:
            exchange = self._resume(boarding)
            exchange.accepted = exchange.to_send[: max(answered - 1, 0)]
            exchange.has_reply = answered > 0
            self._phase = Phase.RCPT if answered else Phase.MAIL
            steps: list[tuple[Handler, Exchange, int]] = [(self._on_mail, exchange, 0)]
            steps += [(self._on_rcpt, exchange, position) for position in exchange.to_send]
            self._expected.extend([*steps, (self._on_data, exchange, 0)][answered:])

    def _resume(self, transaction: Transaction) -> Exchange:
        exchange = Exchange(transaction, self.remote, self.tls, self.note)
        exchange.to_send = list(range(len(transaction.recipients)))
        self._exchanges.append(exchange)
        return exchange

    def _deferred(self, reason: str, status: str, phase: Phase | None = None) -> Outcome:
        self._go_careful()  # it knows the phase
        return super()._deferred(reason, status, phase)
