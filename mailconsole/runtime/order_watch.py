"""Has the node obey the standing orders of the console: suspended queues, hold rules. While the database is away, the
node obeys what is on its own disk."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from mailconsole.queues.orders import standing_orders
from mailconsole.runtime.ticker import Ticker
from transport.model.orders import StandingOrders

if TYPE_CHECKING:
    from mailconsole.runtime.host import TransportHost

ANSWER_WITHIN_S = 1.5


class OrderWatch(Ticker):
    """Ticks every two seconds, and at each hint."""

    name = "orders"
    every_s = 2.0
    keeps_connection = True

    def __init__(self, host: TransportHost) -> None:
        super().__init__()
        self._host = host
        self._obeyed: StandingOrders | None = None
        self._turn = threading.Condition()
        self._asked = self._answered = 0
        self._problem = ""

    def tick(self) -> bool:
        asked = self._asked
        try:
            self._obey(standing_orders())
            self._answer(asked, "")
        except Exception as error:
            self._answer(asked, str(error) or type(error).__name__)
            raise
        return False

    def look_now(self) -> str:
        """Obey what is ordered now; returns why not, or nothing."""
        with self._turn:
            self._asked += 1
            mine = self._asked
            self.hurry()
            if not self._turn.wait_for(lambda: self._answered >= mine, ANSWER_WITHIN_S):
                return "it is busy, and obeys within seconds"
            return self._problem

    def _obey(self, orders: StandingOrders) -> None:
        if orders != self._obeyed:
            self._host.run(self._host.need().obey(orders))
            self._obeyed = orders

    def _answer(self, asked: int, problem: str) -> None:
        with self._turn:
            self._answered, self._problem = asked, problem
            self._turn.notify_all()
