"""Whether lists in DNS have the client: asked beside the dialogue from its first moment, waited for at RCPT."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from transport.model.address import Address
from transport.model.verdict import Step, Verdict
from transport.ports.resolver import CodeLookup, NextHopUnresolved
from transport.rules import dns_lists, listing
from transport.rules.dns_lists import Listing, ListProviders, Provider

if TYPE_CHECKING:
    from transport.listener.session import Session

WAIT_S = 5.0
"""From the client's first moment; what is not known by then can't be told."""


class Asked:
    """The questions about one client; ``listings`` is empty until all are answered or given up."""

    __slots__ = ("listings", "peer", "task")

    def __init__(self, providers: ListProviders, peer: str, lookup: CodeLookup | None) -> None:
        self.peer = peer
        self.listings: tuple[Listing, ...] = ()
        self.task = asyncio.get_running_loop().create_task(self._ask(providers, lookup))

    async def _ask(self, providers: ListProviders, lookup: CodeLookup | None) -> None:
        asked = (_one(provider, self.peer, lookup) for provider in providers.providers)
        self.listings = tuple(await asyncio.gather(*asked))


async def _one(provider: Provider, peer: str, lookup: CodeLookup | None) -> Listing:
    if lookup is None:
        return dns_lists.unavailable(provider, "this node has no resolver.")
    try:
        name = dns_lists.query_name(peer, provider.lookup_domain)
        async with asyncio.timeout(WAIT_S):
            return dns_lists.listing(provider, await lookup.codes(name))
    except TimeoutError:
        return dns_lists.unavailable(provider, "it did not answer in time.")
    except NextHopUnresolved as error:
        return dns_lists.unavailable(provider, str(error)) if error.is_temporary else dns_lists.listing(provider, ())


def begin(session: Session) -> None:
    """Ask about the client where there are providers, and it is one that lists know."""
    forget(session)
    providers = listing.providers_for(session.ruleset, session.facts, now=session.context.clock())
    if providers is not None:
        session.asked = Asked(providers, session.facts.peer, session.context.dns)


def forget(session: Session) -> None:
    asked, session.asked = session.asked, None
    if asked is not None:
        asked.task.cancel()


def is_awaited(session: Session) -> bool:
    """Whether the next recipient has to wait; nobody who signed in does."""
    return session.asked is not None and not session.facts.identity and not session.asked.task.done()


async def then(session: Session, go_on: Callable[[], None]) -> None:
    """Go on once the answers are there. A session that ends meanwhile takes its question with it."""
    if session.asked is not None:
        await asyncio.wait({session.asked.task})
    go_on()


def verdict(session: Session, recipient: Address) -> tuple[Verdict | None, tuple[Step, ...]]:
    """A refusal of the recipient, or None; and the steps."""
    providers, asked = session.ruleset.list_providers, session.asked
    if asked is None or providers is None or session.facts.identity:
        return None, ()
    return dns_lists.verdict(providers, asked.listings, asked.peer, recipient)
