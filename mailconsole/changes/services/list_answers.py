"""What lists in DNS say of a client, for questions about an attempt: asked now from the console's machine, or as a
trail has it. As nodes do it: all at once, for a bounded time, by the same rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

from mailconsole.common.names import NamesUnavailable, codes_of
from transport.rules import dns_lists
from transport.rules.dns_lists import Listing, ListProviders, Provider
from transport.rules.listing import Answers
from transport.rules.listings_recalled import Recalling

WAIT_S = 5.0
"""As long as a client is kept waiting; what is not known by then can't be told."""
AT_A_TIME = 16

ListSource = Callable[[ListProviders, str], Answers]
"""Gives the answers about a client."""


def ask_now(providers: ListProviders, peer: str) -> Answers:
    """Ask each."""
    pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="lists")
    asked = {_key(one): pool.submit(ask_one, one, peer) for one in providers.providers}
    wait(asked.values(), timeout=WAIT_S)
    pool.shutdown(wait=False, cancel_futures=True)
    return partial(_answer, asked)


def ask_one(provider: Provider, peer: str) -> Listing:
    try:
        return dns_lists.listing(provider, codes_of(dns_lists.query_name(peer, provider.lookup_domain)))
    except NamesUnavailable as error:
        return dns_lists.unavailable(provider, str(error))


def _answer(asked: dict[tuple[str, str], Future[Listing]], provider: Provider) -> Listing:
    found = asked[_key(provider)]
    if not found.done() or found.cancelled():
        return dns_lists.unavailable(provider, "it did not answer in time.")
    return found.result()


def _key(provider: Provider) -> tuple[str, str]:
    return dns_lists.kind_of(provider), provider.id


def ask_nobody(providers: ListProviders, peer: str) -> Answers:
    return lambda provider: None


def as_recorded(rows: Iterable[Sequence[Any]]) -> ListSource:
    """As the rows of a decision's trail have it."""
    answers = Recalling(rows)
    return lambda providers, peer: answers
