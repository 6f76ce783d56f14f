"""Goes through queued messages in pieces: never long on the loop; what is only on disk is read beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from transport.model.envelope import Message
from transport.ports.spool import MessageDamaged, Spool
from transport.queues import snapshots
from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.transaction import Parked, Transaction, TransactionState
from transport.rules.queue_match import QueueMatch

PIECE = 500
LONGEST_S = 0.004


@dataclass(frozen=True, slots=True)
class Chosen:
    """A transaction of a queue, or some of its recipients by their indexes: of a long queue they are not in memory.
    ``number`` is its place in an order."""

    queue: DeliveryQueue
    transaction: Transaction
    indexes: frozenset[int]
    number: int = 0


class SearchTooLong(Exception):
    """Not every message was looked at in the time that there is."""


class Breath:
    """Lets others have the loop as soon as it was held for some milliseconds."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    @property
    def is_due(self) -> bool:
        return time.perf_counter() - self._since > LONGEST_S

    async def take(self) -> None:
        if self.is_due:
            await asyncio.sleep(0)
            self._since = time.perf_counter()


class Walk:
    """``spool`` has what is parked."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    async def matching(
        self, queues: Iterable[DeliveryQueue], match: QueueMatch, *, patience_s: float | None = None
    ) -> AsyncIterator[Chosen]:
        """What ``match`` means, queue by queue in order. Raises SpoolUnavailable, SearchTooLong."""
        end = time.monotonic() + patience_s if patience_s is not None else None
        breath = Breath()
        for queue in queues:
            if not match.hop(queue.hop):
                continue
            for piece in queue.pieces():
                possible = [one for one in piece if _is_possible(match, queue, one)]
                for transaction, indexes in await self._meant(match, possible):
                    yield Chosen(queue, transaction, frozenset(indexes))
                await breath.take()
                if end is not None and time.monotonic() > end:
                    raise SearchTooLong

    async def load(self, chosen: Sequence[Chosen]) -> None:
        """Bring what is parked of ``chosen`` to memory; what cannot be read stays where it is."""
        parked = [(one.transaction, one.transaction.parked) for one in chosen if one.transaction.parked is not None]
        found = await self.read([seen for _, seen in parked if seen is not None])
        for transaction, seen in parked:
            message = found.get(transaction.message_id)
            if message is not None and transaction.parked is seen:
                transaction.unpark(message)

    async def _meant(
        self, match: QueueMatch, possible: Sequence[Transaction]
    ) -> list[tuple[Transaction, Sequence[int]]]:
        if not match.must_read:
            return [(one, one.indexes) for one in possible]
        asked = [(one, one.parked) for one in possible]
        read = await self.read([parked for _, parked in asked if parked is not None])
        meant: list[tuple[Transaction, Sequence[int]]] = []
        for transaction, parked in asked:
            indexes = _of_parked(match, parked, read) if parked is not None else _of_live(match, transaction)
            if indexes:
                meant.append((transaction, indexes))
        return meant

    async def read(self, parked: Sequence[Parked]) -> dict[int, Message]:
        """What the spool has of them, read beside the loop; nothing where one of them is damaged."""
        if not parked:
            return {}
        ids = [one.message_id for one in parked]
        try:
            return await asyncio.get_running_loop().run_in_executor(None, self._spool.read_messages, ids)
        except MessageDamaged:
            return {}  # of a damaged file nothing is meant: what it holds is listed as it is


def _is_possible(match: QueueMatch, queue: DeliveryQueue, transaction: Transaction) -> bool:
    if transaction.state is TransactionState.GONE:
        return False
    state = match.filter.state
    if state and snapshots.status_of(queue, transaction) != state:
        return False
    return match.arrival(transaction.message_id, transaction.received_at)


def _of_live(match: QueueMatch, transaction: Transaction) -> list[int]:
    if transaction.state is TransactionState.GONE or not match.message(transaction.message):
        return []
    return [one.index for one in match.recipients(transaction.recipients)]


def _of_parked(match: QueueMatch, parked: Parked, read: dict[int, Message]) -> list[int]:
    message = read.get(parked.message_id)
    if message is None or not match.message(message):
        return []
    return [one.index for one in match.recipients(message.recipients) if one.index in parked.indexes]
