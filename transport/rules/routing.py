"""Why this connector: Exchange's selection of a send connector, with each candidate eliminated and why. Pure."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace

from transport.config.objects import AddressSpace, SendConnector
from transport.config.types import format_size
from transport.model.next_hop import UNREACHABLE, DeliveryType, NextHop
from transport.rules.patterns import parent_domains
from transport.rules.ruleset import Ruleset

REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Considered:
    """One send connector that was looked at; ``eliminated_because`` is empty for the one chosen."""

    connector_id: str
    name: str
    eliminated_because: str


@dataclass(frozen=True, slots=True)
class Route:
    """Where mail for a domain goes. ``is_too_large``: a connector covers the domain, but none takes this size."""

    next_hop: NextHop
    considered: tuple[Considered, ...]
    is_too_large: bool = False
    rows: list[list[str]] = field(init=False, repr=False, compare=False)
    """``considered`` as an event's detail holds it: connector id, name, eliminated because."""
    hop_text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = [[c.connector_id, c.name, c.eliminated_because] for c in self.considered]
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "hop_text", str(self.next_hop))


@dataclass(frozen=True, slots=True)
class _Candidate:
    connector: SendConnector
    specificity: int
    space: AddressSpace


def route(ruleset: Ruleset, domain: str, *, size_bytes: int) -> Route:
    """Choose by Exchange's order: enabled, in scope, large enough, most specific address space, lowest cost, name.

    What was chosen is remembered with the ruleset: mail goes to the same domains again and again.
    """
    key = domain, bisect_left(ruleset.connector_size_limits, size_bytes)
    chosen: Route | None = ruleset.routes.get(key)
    if chosen is None:
        if len(ruleset.routes) >= REMEMBERED:
            ruleset.routes.clear()
        chosen = ruleset.routes[key] = _route(ruleset, domain, size_bytes)
    return chosen


def _route(ruleset: Ruleset, domain: str, size_bytes: int) -> Route:
    considered: list[Considered] = []
    candidates: list[_Candidate] = []
    is_too_large = False
    for connector in ruleset.send_connectors:
        found = _covering(connector, domain)
        if found is None:
            considered.append(_because(connector, f"No address space covers {domain}."))
        elif not connector.is_enabled:
            considered.append(_because(connector, "It is disabled."))
        elif ruleset.node and not connector.is_in_scope_of(ruleset.node):
            nodes = ", ".join(connector.source_transport_servers)
            considered.append(_because(connector, f"It is out of scope on {ruleset.node}: only {nodes} may use it."))
        elif connector.max_message_size is not None and size_bytes > connector.max_message_size:
            is_too_large = True
            limit = format_size(connector.max_message_size)
            considered.append(_because(connector, f"The message is larger than its limit of {limit}."))
        else:
            candidates.append(found)
    if not candidates:
        return Route(UNREACHABLE, tuple(considered), is_too_large)
    best = min(candidates, key=_rank)
    considered += [_because(other.connector, _worse(other, best)) for other in candidates if other is not best]
    chosen = Considered(best.connector.id, best.connector.name, "")
    return Route(next_hop_of(best.connector, domain), (chosen, *considered))


def next_hop_of(connector: SendConnector, domain: str) -> NextHop:
    """The delivery queue that mail for ``domain`` joins under ``connector``."""
    if connector.smart_hosts:
        return NextHop(DeliveryType.SMART_HOST_CONNECTOR, ",".join(connector.smart_hosts), connector.id)
    return NextHop(DeliveryType.DNS_CONNECTOR, domain, connector.id)


def waiving_tls(ruleset: Ruleset, hop: NextHop) -> NextHop:
    """Where ``hop``'s mail goes when its sender waives the TLS policy of the recipient's domain (RFC 8689 5)."""
    connector = next((one for one in ruleset.send_connectors if one.id == hop.connector_id), None)
    if connector is None or hop.delivery_type is not DeliveryType.DNS_CONNECTOR:
        return hop
    is_waived = connector.is_mta_sts_enabled and connector.is_tls_required_no_honoured
    return replace(hop, delivery_type=DeliveryType.DNS_CONNECTOR_TLS_WAIVED) if is_waived else hop


def _rank(candidate: _Candidate) -> tuple[int, int, str, str]:
    connector = candidate.connector
    return -candidate.specificity, candidate.space.cost, connector.name.lower(), connector.id


def _covering(connector: SendConnector, domain: str) -> _Candidate | None:
    """The connector's most specific, then cheapest, address space that covers ``domain``."""
    found = [
        _Candidate(connector, s, space) for space in connector.address_spaces if (s := _specificity(space, domain))
    ]
    return min(found, key=_rank) if found else None


def _specificity(space: AddressSpace, domain: str) -> int:
    """0 when it does not cover the domain; 1 for ``*``; more for longer names; an exact name is above its tree."""
    pattern = space.domain
    if pattern == "*":
        return 1
    if pattern == domain:
        return 2 * (pattern.count(".") + 1) + 2
    if pattern.startswith("*.") and pattern[2:] in parent_domains(domain):
        return 2 * (pattern.count(".")) + 1
    return 0


def _worse(other: _Candidate, best: _Candidate) -> str:
    if other.specificity < best.specificity:
        return f"Its address space {other.space.domain} is less specific than {best.space.domain}."
    if other.space.cost > best.space.cost:
        return f"Its cost {other.space.cost} is higher than {best.space.cost}."
    return f"'{best.connector.name}' comes first by name."


def _because(connector: SendConnector, reason: str) -> Considered:
    return Considered(connector.id, connector.name, reason)
