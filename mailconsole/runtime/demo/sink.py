"""The demo's next hop: takes mail and forgets it; some recipients it defers or refuses, as the world does."""

from __future__ import annotations

import logging
import random
from typing import Any

from aiosmtpd.controller import Controller

BUSY = "451 4.3.2 Mailbox busy, try again later"
GREYLISTED = "450 4.7.1 Greylisted, try again later"
UNKNOWN = "550 5.1.1 <{address}>: recipient address rejected: user unknown"
FULL = "452 4.2.2 Mailbox full"


class Handler:
    """aiosmtpd's hooks. ``chance`` gives numbers from 0 to 1."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._seen: set[str] = set()
        self.taken = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        reply = self._objection(address)
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient OK"

    def _objection(self, address: str) -> str:
        name = address.partition("@")[0]
        if name.startswith("former"):
            return UNKNOWN.format(address=address)
        if name.startswith("busy") and self._chance.random() < 0.7:
            return BUSY
        if name.startswith("full") and self._chance.random() < 0.9:
            return FULL
        if address.endswith("fabrikam.example") and address not in self._seen:
            self._seen.add(address)
            return GREYLISTED
        return ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken += 1
        return f"250 2.0.0 Ok: queued as DEMO{self.taken:06d}"


def start(port: int, chance: random.Random) -> tuple[Controller, Handler]:
    """Listen on 127.0.0.1:port; raises OSError where it is taken. The caller stops the controller."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells every connection
    handler = Handler(chance)
    controller = Controller(handler, hostname="127.0.0.1", port=port, server_hostname="sink.demo.example")
    controller.start()
    return controller, handler
