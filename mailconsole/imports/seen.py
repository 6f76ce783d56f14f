"""Clients that were seen sending, and the relay policies that would let them go on: exact addresses, their senders."""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MOST_DISTINCT = 200
NETWORK_FROM = 4
"""So many clients of one /24 (or /64) with the same senders, and the network is suggested."""
LISTED_EXACTLY = 32
ONLY_NULL = "Disabled: only mail of the null sender was seen. Name its senders."


@dataclass(slots=True)
class SeenClient:
    """What one client did on one connector; domains of senders and recipients with how often."""

    connector: str
    peer: str
    sessions: int = 0
    outcomes: int = 0
    sender_domains: Counter[str] = field(default_factory=Counter)
    recipient_domains: Counter[str] = field(default_factory=Counter)
    refused_domains: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    identities: Counter[str] = field(default_factory=Counter)
    tls_sessions: int = 0
    first_at: str = ""
    last_at: str = ""

    def meet(self, at: str) -> None:
        """Times are ISO 8601 of one zone: they sort as text."""
        if not at:
            return
        self.first_at = min(self.first_at or at, at)[:40]
        self.last_at = max(self.last_at, at)[:40]

    def accepted(self, sender: str, recipient: str) -> None:
        self.outcomes += 1
        _count(self.sender_domains, _domain(sender))
        _count(self.recipient_domains, _domain(recipient))

    def refused(self, sender: str, recipient: str, reply: str) -> None:
        self.outcomes += 1
        _count(self.refusals, reply[:120])

    def refused_recipient(self, sender_domain: str, recipient_domain: str) -> None:
        """For those who ask what clients wanted, not only what they got."""
        _count(self.sender_domains, sender_domain.lower())
        _count(self.refused_domains, recipient_domain.lower())

    @property
    def is_tls_always(self) -> bool:
        return self.tls_sessions >= self.sessions > 0

    @property
    def is_always_signed_in(self) -> bool:
        return sum(self.identities.values()) >= self.sessions > 0

    def wanted(self, ours: Iterable[str]) -> int:
        """Refused recipients in domains that are not ours: only where ``refused_domains`` are kept."""
        own = set(ours)
        return sum(count for domain, count in self.refused_domains.items() if not is_ours(domain, own))

    def relayed(self, ours: Iterable[str]) -> int:
        """Accepted recipients in domains that are not ours; ``*.domain`` and its like are ours too."""
        own = set(ours)
        return sum(count for domain, count in self.recipient_domains.items() if not is_ours(domain, own))


def is_ours(domain: str, own: set[str]) -> bool:
    """``own`` has domains, and ``*.domain`` for those whose subdomains are ours."""
    if domain in own:
        return True
    parts = domain.split(".")
    return any("*." + ".".join(parts[index:]) in own for index in range(len(parts)))


def _count(counter: Counter[str], key: str) -> None:
    if key in counter or len(counter) < MOST_DISTINCT:
        counter[key] += 1


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()[:255]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Clients that send as the same domains: one relay policy. ``suggested`` are networks that most of them share."""

    networks: tuple[str, ...]
    suggested: tuple[str, ...]
    sender_domains: tuple[str, ...]
    clients: tuple[SeenClient, ...]
    relayed: int
    is_tls_always: bool
    is_always_signed_in: bool
    is_refused: bool = False
    recipient_domains: tuple[str, ...] = ()

    @property
    def identities(self) -> tuple[str, ...]:
        return tuple(sorted({name for client in self.clients for name in client.identities}))

    @property
    def last_at(self) -> str:
        return max((client.last_at for client in self.clients), default="")

    @property
    def name(self) -> str:
        first = self.networks[0]
        more = f" and {len(self.networks) - 1} more" if len(self.networks) > 1 else ""
        return f"Seen: {first}{more}"[:64]


def candidates(clients: Iterable[SeenClient], *, ours: Iterable[str]) -> list[Candidate]:
    """Of the clients that relayed, or that were refused to, the busiest first."""
    own = list(ours)
    groups: dict[tuple[tuple[str, ...], bool, tuple[str, ...] | None, bool], list[SeenClient]] = defaultdict(list)
    for client in clients:
        relayed = client.relayed(own)
        if relayed or client.wanted(own):
            domains = tuple(sorted(domain for domain in client.sender_domains if domain))
            # Who signs in elsewhere as somebody else does not join: each could be the other then.
            identities = tuple(sorted(client.identities)) if client.is_always_signed_in else None
            groups[domains, client.is_tls_always, identities, not relayed].append(client)
    found = [_candidate(domains, members, own, is_refused) for (domains, _, _, is_refused), members in groups.items()]
    return sorted(found, key=lambda one: -one.relayed)


def _candidate(domains: tuple[str, ...], members: list[SeenClient], own: list[str], is_refused: bool) -> Candidate:
    peers = sorted({client.peer for client in members}, key=_key)
    networks, suggested = aggregated(peers)
    return Candidate(
        networks=networks,
        suggested=suggested,
        sender_domains=domains,
        clients=tuple(members),
        relayed=sum(client.wanted(own) if is_refused else client.relayed(own) for client in members),
        is_tls_always=all(client.is_tls_always for client in members),
        is_always_signed_in=all(client.is_always_signed_in for client in members),
        is_refused=is_refused,
        recipient_domains=_others(members, set(own), is_refused),
    )


def _others(members: list[SeenClient], own: set[str], is_refused: bool) -> tuple[str, ...]:
    counters = [client.refused_domains if is_refused else client.recipient_domains for client in members]
    return tuple(sorted({domain for one in counters for domain in one if domain and not is_ours(domain, own)}))


def _key(peer: str) -> tuple[int, int]:
    address = ipaddress.ip_address(peer)
    return address.version, int(address)


def aggregated(peers: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addresses, joined only where nothing is added; and the networks that hold several of them.

    Where there are too many addresses to list, the shared networks stand for them.
    """
    shared: dict[str, list[str]] = defaultdict(list)
    for peer in peers:
        address = ipaddress.ip_address(peer)
        prefix = 24 if address.version == 4 else 64
        shared[str(ipaddress.ip_network((address, prefix), strict=False))].append(peer)
    suggested = tuple(network for network, members in shared.items() if len(members) >= NETWORK_FROM)
    exact = _collapsed(peers)
    if len(exact) > LISTED_EXACTLY:
        alone = [peer for network, members in shared.items() if network not in suggested for peer in members]
        return (*suggested, *_collapsed(alone)), suggested
    return exact, suggested


def _collapsed(peers: list[str]) -> tuple[str, ...]:
    joined: list[str] = []
    for version in (4, 6):
        same = [ipaddress.ip_network(peer) for peer in peers if ipaddress.ip_address(peer).version == version]
        for network in ipaddress.collapse_addresses(same):  # type: ignore[type-var]
            joined.append(str(network.network_address) if network.num_addresses == 1 else str(network))
    return tuple(joined)


def policy_of(candidate: Candidate, *, owner: str, where: str) -> dict[str, Any]:
    """The fields of its relay policy."""
    until = candidate.last_at[:10] or "some day"
    # No senders would mean any.
    kept_off = {} if candidate.sender_domains else {"is_enabled": False, "comment": ONLY_NULL}
    return kept_off | {
        "name": candidate.name,
        "networks": list(candidate.networks),
        "sender_addresses": list(candidate.sender_domains),
        "identities": ["*"] if candidate.is_always_signed_in else [],
        "is_tls_required": candidate.is_tls_always,
        "owner": owner,
        "purpose": f"Relayed {candidate.relayed} recipients through {where} until {until}",
    }
