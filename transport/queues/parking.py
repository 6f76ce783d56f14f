"""Lets go of waiting messages that the spool has, so that a queue of any length takes little memory."""

from __future__ import annotations

from collections.abc import Iterable

from transport.ports.spool import Spool, SpoolUnavailable
from transport.queues.ledger import Ledger
from transport.queues.transaction import Parked, Transaction

LIVE = 2000
"""Messages of one queue that stay in memory: those that come next."""


class Parking:
    """``live`` of each queue are left alone."""

    def __init__(self, spool: Spool, ledger: Ledger, live: int = LIVE) -> None:
        self.live = live
        self._spool = spool
        self._ledger = ledger
        self._round = 0

    def park_stored(self, transaction: Transaction, version: object) -> None:
        """Park what is as it was read from the spool with ``version``."""
        if transaction.can_park and transaction.version == version:
            self._park(transaction)

    async def park(self, transactions: Iterable[Transaction]) -> None:
        """Park those that do not change while all that is known of them is being written."""
        seen = [(one, one.version) for one in transactions if one.can_park]
        if not seen:
            return
        try:
            await self._spool.written()
        except SpoolUnavailable:
            return
        for transaction, version in seen:
            if transaction.can_park and transaction.version == version:
                self._park(transaction)

    def look_again(self) -> None:
        """Time may change other things now: the configuration did."""
        self._round += 1

    def is_due(self, parked: Parked, now: float) -> bool:
        """Whether time changes something about what is parked."""
        return now >= parked.due_at or parked.round != self._round

    def _park(self, transaction: Transaction) -> None:
        transaction.park(self._spool.read_message, due_at=self._ledger.next_due_at(transaction), round=self._round)
