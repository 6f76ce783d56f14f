"""How many octets of waiting messages may be in memory; the rest is read from the spool when its turn comes."""

from __future__ import annotations

from transport.queues.transaction import Transaction

DEFAULT_BYTES = 64 * 1024 * 1024


class BodyBudget:
    """Counts the bodies that transactions hold. A body shared by two transactions counts twice: on the safe side."""

    def __init__(self, limit_bytes: int = DEFAULT_BYTES) -> None:
        self._limit = limit_bytes
        self.used_bytes = 0

    @property
    def has_room(self) -> bool:
        return self.used_bytes < self._limit

    def has_room_for(self, coming: int) -> bool:
        """Whether there is room once ``coming`` octets are there."""
        return self.used_bytes + coming < self._limit

    def keep(self, transaction: Transaction, body: bytes) -> None:
        """Let the transaction hold ``body``."""
        if transaction.body is None:
            transaction.body = body
            self.used_bytes += len(body)

    def drop(self, transaction: Transaction) -> None:
        """Take the body away; it is on disk."""
        if transaction.body is not None:
            self.used_bytes -= len(transaction.body)
            transaction.body = None
