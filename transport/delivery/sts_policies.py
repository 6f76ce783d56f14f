"""The MTA-STS policies of domains: looked up, fetched, kept for as long as they say (RFC 8461 3.3, 5.1)."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog

from transport.delivery.a_labels import to_a_labels
from transport.delivery.dns_lookup import DnsLookup
from transport.delivery.exchangers import is_public
from transport.delivery.https_get import FetchFailed, get
from transport.delivery.mta_sts import MAX_POLICY_OCTETS, InvalidPolicy, StsMode, StsPolicy, parse_policy, record_id
from transport.ports.resolver import NextHopUnresolved

MAX_KEPT = 10_000
FETCHES_AT_ONCE = 20
FETCHES_OF_ONE = 4
"""For the names under one organisational domain: they are as many as its owner likes, and may all be slow."""
FETCH_S = 20.0  # for the turn and the fetch: mail of the domain waits as long
RETRY_FETCH_S = 300.0  # RFC 8461 3.3: no new try within five minutes
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")
PATH = "/.well-known/mta-sts.txt"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """``policy`` is None after a fetch that failed; it is tried again at ``until``."""

    record_id: str
    policy: StsPolicy | None
    until: float


class StsPolicies:
    """``context`` verifies the web hosts. A policy that was fetched holds although a stranger hides its record: that is
    what it is for. ``monotonic`` gives seconds."""

    def __init__(
        self,
        dns: DnsLookup,
        context: Callable[[], ssl.SSLContext],
        *,
        port: int = 443,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dns = dns
        self._context = context
        self._port = port
        self._monotonic = monotonic
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._fetching: dict[str, asyncio.Task[StsPolicy | None]] = {}
        self._at_once = asyncio.Semaphore(FETCHES_AT_ONCE)
        self._of_one: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def get(self, domain: str, *, is_private_allowed: bool) -> StsPolicy | None:
        """The policy in force, with a mode other than none; None where there is none or none can be known."""
        domain = to_a_labels(domain).lower()
        if not _NAME.fullmatch(domain):  # an address literal, or what no certificate is issued for
            return None
        kept = self._kept.get(domain)
        if kept is not None and self._monotonic() >= kept.until:
            kept = None
        try:
            found = record_id(await self._dns.texts(f"_mta-sts.{domain}"))
        except NextHopUnresolved:
            found = ""
        if not found or (kept is not None and kept.record_id == found):
            policy = kept.policy if kept is not None else None
        else:
            policy = await self._once(domain, found, is_private_allowed)
        return policy if policy is not None and policy.mode is not StsMode.NONE else None

    async def _once(self, domain: str, found: str, is_private_allowed: bool) -> StsPolicy | None:
        task = self._fetching.get(domain)
        if task is None:
            task = self._fetching[domain] = asyncio.create_task(self._renew(domain, found, is_private_allowed))
            task.add_done_callback(lambda _: self._fetching.pop(domain))
        return await asyncio.shield(task)

    async def _renew(self, domain: str, found: str, is_private_allowed: bool) -> StsPolicy | None:
        now, before = self._monotonic(), self._kept.get(domain)
        try:
            policy = await self._in_turn(domain, is_private_allowed)
        except (FetchFailed, InvalidPolicy, NextHopUnresolved) as error:
            log.info("sts.policy_not_fetched", domain=domain, reason=str(error))
            if before is not None and before.policy is not None and now < before.until:
                return before.policy
            self._keep(domain, _Kept(found, None, now + RETRY_FETCH_S))
            return None
        self._keep(domain, _Kept(found, policy, now + policy.max_age_s))
        return policy

    async def _in_turn(self, domain: str, is_private_allowed: bool) -> StsPolicy:
        owner = ".".join(domain.split(".")[-2:])
        turns = self._of_one.setdefault(owner, asyncio.Semaphore(FETCHES_OF_ONE))
        try:
            async with asyncio.timeout(FETCH_S), turns, self._at_once:
                return await self._fetch(f"mta-sts.{domain}", is_private_allowed)
        except TimeoutError:
            raise FetchFailed(f"it was not fetched within {FETCH_S:g} s") from None

    async def _fetch(self, host: str, is_private_allowed: bool) -> StsPolicy:
        addresses = await self._dns.addresses(host)
        if not is_private_allowed:  # a stranger's DNS must not make us ask our own machines (hostile.md, SSRF)
            addresses = tuple(address for address in addresses if is_public(address))
        return parse_policy(
            await get(
                host, PATH, addresses=addresses, context=self._context(), limit=MAX_POLICY_OCTETS, port=self._port
            )
        )

    def _keep(self, domain: str, kept: _Kept) -> None:
        self._kept[domain] = kept
        self._kept.move_to_end(domain)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
