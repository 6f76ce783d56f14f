"""Reads the bodies of the next few transactions from the spool, so that a queue of any length stays on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from transport.ports.spool import MessageDamaged, SpoolUnavailable
from transport.queues.shelf import Shelf
from transport.queues.transaction import Transaction, TransactionState
from transport.queues.waiting import Waiting

AT_ONCE = 8
LOOK_AHEAD = 32
log = structlog.get_logger(__name__)


class Loader:
    """``loaded`` is called when there is more to take; ``lost`` when the message can never be read from the spool,
    with the reason; ``unreadable`` when it cannot be now."""

    def __init__(
        self,
        shelf: Shelf,
        *,
        loaded: Callable[[], None],
        lost: Callable[[Transaction, str], None],
        unreadable: Callable[[Transaction, str], None],
    ) -> None:
        self._shelf = shelf
        self._on_unreadable = unreadable
        self._on_loaded = loaded
        self._on_lost = lost
        self._tasks: set[asyncio.Task[None]] = set()
        self._coming = 0

    def load(self, waiting: Waiting) -> None:
        """Start to read what is next in ``waiting``."""
        for transaction in waiting.next_ready(LOOK_AHEAD):
            if len(self._tasks) >= AT_ONCE or (self._tasks and not self._shelf.budget.has_room_for(self._coming)):
                return
            if transaction.body is None and not transaction.is_loading and transaction.state is TransactionState.READY:
                transaction.is_loading = True
                size = 0 if transaction.parked is not None else transaction.message.size_bytes
                self._coming += size
                task = asyncio.get_running_loop().create_task(self._load(transaction))
                self._tasks.add(task)
                task.add_done_callback(partial(self._loaded, size))

    def _loaded(self, size: int, task: asyncio.Task[None]) -> None:
        self._coming -= size
        self._tasks.discard(task)

    async def _load(self, transaction: Transaction) -> None:
        try:
            spool = self._shelf.spool
            if transaction.parked is not None:
                read = asyncio.get_running_loop().run_in_executor(None, spool.read_message, transaction.message_id)
                transaction.unpark(await read)
            body = await spool.read_body(transaction.message_id)
            if transaction.state is TransactionState.READY:
                self._shelf.budget.keep(transaction, body)
        except KeyError:
            self._set_aside(transaction, "its body is missing from the spool")
        except MessageDamaged as error:
            self._set_aside(transaction, str(error))
        except SpoolUnavailable as error:
            log.warning("queue.body_unreadable", queue_id=transaction.queue_id, reason=str(error))
            if transaction.state is TransactionState.READY:
                self._on_unreadable(transaction, str(error))
        finally:
            transaction.is_loading = False
        asyncio.get_running_loop().call_soon(self._on_loaded)

    def _set_aside(self, transaction: Transaction, reason: str) -> None:
        """To the Poison queue, for an operator."""
        if transaction.state is TransactionState.READY:
            self._on_lost(transaction, reason)
