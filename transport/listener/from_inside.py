"""Mail of a relay of our own, at the end of its data: where it came from is read, and lists are asked about that."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from transport.listener.listed import Asked
from transport.listener.transaction import Transaction
from transport.model.verdict import Verdict
from transport.rules import from_inside
from transport.rules.dns_lists import Listing, Provider
from transport.rules.received import Origin

if TYPE_CHECKING:
    from transport.listener.session import Session


class Inquiry:
    """About one message. ``asked`` is None where no list in DNS has to be."""

    __slots__ = ("asked", "origin", "providers")

    def __init__(self, session: Session, content: bytes) -> None:
        facts, ruleset = session.facts, session.ruleset
        most = session.connector.max_header_size
        self.origin: Origin = from_inside.origin(ruleset, facts, content, max_header_bytes=most)
        now = session.context.clock()
        providers = self.providers = from_inside.providers_for(ruleset, facts, self.origin, now=now)
        address, dns = self.origin.address, session.context.dns
        self.asked = Asked(providers, address, dns) if providers is not None else None

    @property
    def is_answered(self) -> bool:
        """Whether nothing is waited for."""
        return self.asked is None or self.asked.task.done()

    async def answered(self) -> None:
        """Wait until the answers are there, or given up; who has gone meanwhile takes the question along."""
        if self.asked is None:
            return
        try:
            await asyncio.wait({self.asked.task})
        except asyncio.CancelledError:
            self.asked.task.cancel()
            raise

    def refusal(self, session: Session, transaction: Transaction) -> Verdict | None:
        """Of the message, else the steps become part of its trail."""
        recipients = [given.recipient for given in transaction.recipients]
        refused, steps = from_inside.verdict(
            session.ruleset, self.origin, recipients, self.providers, self._answer, now=session.context.clock()
        )
        if refused is None:
            transaction.trails.append(steps)
        return refused

    def _answer(self, provider: Provider) -> Listing | None:
        listings = self.asked.listings if self.asked is not None else ()
        return next((one for one in listings if one.provider is provider), None)


def inquiry(session: Session, content: bytes) -> Inquiry | None:
    """None where nothing is to be asked: the client is no server of ours or signed in, or there are no lists."""
    return Inquiry(session, content) if session.ruleset.asks_origin(session.facts) else None
