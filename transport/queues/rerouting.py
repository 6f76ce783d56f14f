"""Mail that left its queue is routed again: that of connectors that are gone, and what could not be read at first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import structlog

from transport.model.envelope import Message, Recipient
from transport.model.next_hop import NextHop
from transport.queues import steps
from transport.queues.mail_queue import MailQueue
from transport.queues.transaction import Transaction

READ_AGAIN_S = 10.0
Rerouted = Iterator[list[tuple[Message, list[Recipient]]]]
"""What left its queues, step by step as it is asked for: to be decided about again before the next step."""
log = structlog.get_logger(__name__)


class Rerouting:
    """``decide`` resolves and routes recipients again and raises nothing; None where nothing can be routed again."""

    def __init__(self, decide: Callable[[Message, list[Recipient]], None] | None) -> None:
        self._decide = decide
        self._returned: dict[NextHop, set[tuple[int, int]]] = {}
        self._asked: set[MailQueue] = set()
        self._unread: dict[MailQueue, dict[Transaction, None]] = {}

    def begin_anew(self) -> None:
        """Another configuration is in force: what came back to its queue may go elsewhere now."""
        self._returned.clear()

    def soon(self, queue: MailQueue) -> None:
        """Mail is in a queue that nobody carries."""
        if queue not in self._asked:
            self._asked.add(queue)
            asyncio.get_running_loop().call_soon(self._begin, queue)

    def _begin(self, queue: MailQueue) -> None:
        self._asked.discard(queue)
        self.orphan(queue)

    def orphan(self, queue: MailQueue) -> None:
        """Its connector is gone: route its mail again, but for what was and came back under this configuration."""
        if self._decide is not None and queue.is_orphan and not queue.is_suspended:
            leaving = queue.take_all(partial(self._came_back, queue.hop))
            steps.go_on(read_on(leaving), partial(self._once, queue.hop))

    def _came_back(self, hop: NextHop, transaction: Transaction) -> bool:
        returned = self._returned.get(hop)
        if not returned:
            return False
        return all((transaction.message_id, at) in returned for at in transaction.indexes)

    def _once(self, hop: NextHop, some: Iterable[tuple[Message, list[Recipient]]]) -> None:
        self.decide(some)
        for message, recipients in some:
            returned = {(message.id, one.index) for one in recipients if one.next_hop == hop}
            if returned:  # of a million that found another way nothing is kept
                self._returned.setdefault(hop, set()).update(returned)

    def decide(self, some: Iterable[tuple[Message, list[Recipient]]]) -> None:
        """Route what left its queue again."""
        for message, recipients in some:
            if self._decide is not None:
                self._decide(message, recipients)

    def unread(self, queue: MailQueue, transactions: Iterable[Transaction]) -> None:
        """The spool could not give these out when they were to leave ``queue``: they are tried again."""
        if queue not in self._unread:
            self._unread[queue] = {}
            asyncio.get_running_loop().call_later(READ_AGAIN_S, self._read_again, queue)
        self._unread[queue].update(dict.fromkeys(transactions))
        log.warning("queue.messages_unreadable", queue=queue.key, messages=len(self._unread[queue]))

    def _read_again(self, queue: MailQueue) -> None:
        steps.go_on(read_on(queue.take_those(list(self._unread.pop(queue)))), self.decide)


def read_on(leaving: Iterator[list[Transaction]]) -> Rerouted:
    """The messages of each step, as they are asked for: of a long queue they are not all in memory."""
    return ([(transaction.message, transaction.recipients) for transaction in some] for some in leaving)
