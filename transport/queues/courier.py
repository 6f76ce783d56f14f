"""The seam between a delivery queue and what carries its mail: the queue decides what and when, the courier how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from transport.config.objects import SendConnector
from transport.model.next_hop import NextHop
from transport.model.outcome import Outcome
from transport.queues.transaction import Transaction


class Source(Protocol):
    """A delivery queue as its courier sees it."""

    @property
    def backlog(self) -> int:
        """How many transactions could be taken now."""
        ...

    def take(self) -> Transaction | None:
        """The next transaction, body in memory; None when there is none now: ``Courier.wake`` tells when."""
        ...

    def split(self, transaction: Transaction, limit: int) -> None:
        """Leave ``limit`` recipients in the transaction; the others come next."""
        ...

    def settle(self, transaction: Transaction, outcomes: Sequence[Outcome | None]) -> None:
        """The outcome of each recipient in order; None for one to be tried again at once."""
        ...

    def delivered(self, transaction: Transaction, reply: str, remote: str, tls: str) -> bool:
        """Every recipient was taken, with this reply to the dot: the common case of ``settle``. False, and nothing was
        done, where more than that is to be said: then ``settle``."""
        ...

    def put_back(self, transaction: Transaction) -> None:
        """It was not tried after all; it comes next."""
        ...

    def unreachable(self, outcome: Outcome) -> None:
        """The next hop takes no connection or no mail at all: the queue waits as a whole, or fails as a whole."""
        ...


class Courier(Protocol):
    """Carries the mail of one queue; owns its connections."""

    @property
    def connections(self) -> int:
        """Connections that are up."""
        ...

    @property
    def connecting(self) -> int:
        """Connections that are being made."""
        ...

    @property
    def limit(self) -> int:
        """How many connections there may be now; it follows what the next hop takes."""
        ...

    @property
    def limit_because(self) -> str:
        """A sentence: what decides about the limit. May quote the next hop: hostile text."""
        ...

    @property
    def holding(self) -> str:
        """A sentence: what of our own keeps mail from being sent faster; empty when nothing does."""
        ...

    @property
    def skipping(self) -> str:
        """A sentence: which exchangers are left alone for a while, since they took nothing; empty where none is."""
        ...

    def wake(self) -> None:
        """There may be something to take."""
        ...

    async def close(self, timeout_s: float) -> None:
        """Take nothing more; let transactions in progress end, then close every connection."""
        ...


class Couriers(Protocol):
    """Makes couriers."""

    def open(self, next_hop: NextHop, connector: SendConnector, source: Source, *, hostname: str) -> Courier:
        """A courier for ``source``; ``hostname`` is our name where the connector has none. Connects when woken."""
        ...

    def bound(self, connections: int | None) -> None:
        """How many connections all couriers together may have from now on; None means any number."""
        ...
