"""Messages that are in another's care by now leave all queues, however long these are: in steps, beside the mail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.steps import cut
from transport.queues.transaction import Transaction, TransactionState

FEW = 500
"""So many that came meanwhile are looked at in one step, after which nothing can be somewhere else."""


class TakingBack:
    """Some messages are taken out of ``queues``, which gives all there are. Used once."""

    def __init__(self, queues: Callable[[], Iterable[DeliveryQueue]], message_ids: set[int]) -> None:
        self._queues = queues
        self._message_ids = message_ids
        self._seen: dict[DeliveryQueue, int] = {}
        self._out: list[tuple[DeliveryQueue, Transaction]] = []
        self._busy: set[int] = set()

    async def run(self) -> set[int]:
        """Returns those that stay, each as a whole: they are being delivered right now."""
        while sum(queue.waiting.count(self._seen.get(queue, 0)) for queue in self._queues()) > FEW:
            for queue in list(self._queues()):
                for some in self._steps(queue):
                    self._look(queue, some)
                    await asyncio.sleep(0)
        for queue in self._queues():
            for some in self._steps(queue):
                self._look(queue, some)
        self._put_back()
        return self._busy

    def _steps(self, queue: DeliveryQueue) -> Iterable[list[Transaction]]:
        """What was not looked at yet. Who is deferred or routed again meanwhile stands behind it."""
        begin, end = self._seen.get(queue, 0), queue.waiting.mark()
        self._seen[queue] = end
        return cut(queue.waiting.pieces(begin, end))

    def _look(self, queue: DeliveryQueue, some: Iterable[Transaction]) -> None:
        for transaction in some:
            if transaction.message_id not in self._message_ids:
                continue
            if transaction.state is TransactionState.ACTIVE:
                self._busy.add(transaction.message_id)
            elif transaction.state is not TransactionState.GONE:
                queue.pull(transaction)
                self._out.append((queue, transaction))

    def _put_back(self) -> None:
        for queue, transaction in self._out:
            if transaction.message_id in self._busy:  # it goes out to others of its recipients
                queue.add(transaction.message, transaction.recipients, None, is_stored=True)
