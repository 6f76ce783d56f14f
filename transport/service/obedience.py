"""Standing orders of operators, carried out by this node: queues suspended, mail held, over restarts too."""

from __future__ import annotations

import asyncio

from transport.model.orders import StandingOrders
from transport.queues.holding import Holding
from transport.queues.order_book import OrderBook
from transport.service.parts import Parts


class Obedience:
    """The orders in force are kept on the node's own disk."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._book = OrderBook(parts.folder / "orders.json")
        self._orders = StandingOrders()

    def take_up(self) -> None:
        """Obey what was ordered before the node stopped."""
        kept = self._book.read()
        self._apply(kept or StandingOrders(), is_known=kept is not None)

    async def obey(self, orders: StandingOrders) -> None:
        """Suspend queues and hold mail as ``orders`` say, from now on and over restarts. Raises OSError when they
        cannot be written down: they are obeyed all the same."""
        self._apply(orders, is_known=True)
        await self._parts.control.release_lifted()
        await asyncio.get_running_loop().run_in_executor(None, self._book.write, orders)

    async def end_holds(self) -> None:
        """Rules that are over by now hold nothing any more."""
        if any(rule.is_over(self._parts.clock()) for rule in self._orders.holds):
            self._apply(self._orders, is_known=True)
            await self._parts.control.release_lifted()

    def _apply(self, orders: StandingOrders, *, is_known: bool) -> None:
        self._orders = orders.in_force(self._parts.clock())
        self._parts.intake.holding = Holding(self._orders.holds)
        self._parts.queues.obey(self._orders, is_known=is_known)
