"""Why this connector: Exchange's selection of a send connector, with each candidate eliminated and why. Pure.

A mailbox whose home server a send connector serves goes that way; all else goes by address space.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from transport.config.objects import AddressSpace, SendConnector
from transport.config.types import MAX_HOME_SERVER, format_size
from transport.model.compact_json import Constant
from transport.model.next_hop import BY_SMART_HOST, UNREACHABLE, DeliveryType, NextHop
from transport.rules.patterns import names_server, parent_domains
from transport.rules.ruleset import Ruleset

REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Considered:
    """One send connector that was looked at; ``eliminated_because`` is empty for the one chosen, which has a
    ``chosen_because`` where more than an address space decided."""

    connector_id: str
    name: str
    eliminated_because: str
    chosen_because: str = ""

    @property
    def because(self) -> str:
        return self.eliminated_because or self.chosen_because


@dataclass(frozen=True, slots=True)
class Route:
    """Where mail for a domain goes. ``is_too_large``: a connector covers the domain, but none takes this size."""

    next_hop: NextHop
    considered: tuple[Considered, ...]
    is_too_large: bool = False
    rows: Constant = field(init=False, repr=False, compare=False)
    """``considered`` as an event's detail holds it: connector id, name, eliminated because, and why it was chosen
    where that is told."""
    hop_text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", Constant(_row(one) for one in self.considered))
        object.__setattr__(self, "hop_text", str(self.next_hop))

    @property
    def chosen(self) -> Considered | None:
        """The send connector that takes it, if any does."""
        return None if self.next_hop == UNREACHABLE else self.considered[0]


def _row(one: Considered) -> list[str]:
    row = [one.connector_id, one.name, one.eliminated_because]
    return [*row, one.chosen_because] if one.chosen_because else row


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A connector by the best of what it lists; ``names`` is that, which is a ``what``."""

    connector: SendConnector
    specificity: int
    cost: int
    what: str
    names: str


@dataclass(slots=True)
class _Selection:
    """``candidates`` by what they list; of all others, ``because`` says why not, by connector id."""

    candidates: list[_Candidate] = field(default_factory=list)
    because: dict[str, str] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)
    """Those of ``because`` that list it all the same."""
    is_too_large: bool = False


def route(ruleset: Ruleset, domain: str, *, size_bytes: int, home_server: str = "") -> Route:
    """Choose by Exchange's order: enabled, in scope, large enough, most specific address space, lowest cost, name.
    Before that, in the same way, of those that serve the recipient's ``home_server``.

    What was chosen is remembered with the ruleset: mail goes to the same domains again and again.
    """
    home = home_server if ruleset.has_home_servers else ""
    key = domain, bisect_left(ruleset.connector_size_limits, size_bytes), home
    chosen: Route | None = ruleset.routes.get(key)
    if chosen is None:
        if len(ruleset.routes) >= REMEMBERED:
            ruleset.routes.clear()
        chosen = ruleset.routes[key] = (
            _by_home(ruleset, domain, size_bytes, home) if home else _by_space(ruleset, domain, size_bytes)
        )
    return chosen


def _by_home(ruleset: Ruleset, domain: str, size_bytes: int, home: str) -> Route:
    found = _select(ruleset, size_bytes, lambda one: _serving(one, home), f"It does not serve the home server {home}.")
    if found.candidates:
        best = min(found.candidates, key=_rank)
        pattern = "" if best.names.lower() == home.lower() else f", by {best.names}"
        return _route(ruleset, domain, found, f"It serves the recipient's home server {home}{pattern}.")
    other = _by_space(ruleset, domain, size_bytes)
    who = "No connector that serves the home server {} can take it" if found.unfit else "None serves the home server {}"
    here = f"{who.format(home)}; this one covers {domain}."
    told = tuple(
        replace(one, eliminated_because=found.unfit.get(one.connector_id, one.eliminated_because))
        if one.eliminated_because
        else replace(one, chosen_because=here)
        for one in other.considered
    )
    return Route(other.next_hop, told, other.is_too_large or (other.next_hop == UNREACHABLE and found.is_too_large))


def _by_space(ruleset: Ruleset, domain: str, size_bytes: int) -> Route:
    found = _select(ruleset, size_bytes, lambda one: _covering(one, domain), f"No address space covers {domain}.")
    return _route(ruleset, domain, found)


def _select(
    ruleset: Ruleset, size_bytes: int, listed: Callable[[SendConnector], _Candidate | None], not_listed: str
) -> _Selection:
    made = _Selection()
    for connector in ruleset.send_connectors:
        found = listed(connector)
        if found is None:
            made.because[connector.id] = not_listed
            continue
        because, limit = _closed(ruleset, connector), connector.max_message_size
        if not because and limit is not None and size_bytes > limit:
            because = f"The message is larger than its limit of {format_size(limit)}."
            made.is_too_large = True
        if because:
            made.because[connector.id] = made.unfit[connector.id] = because
        else:
            made.candidates.append(found)
    return made


def _closed(ruleset: Ruleset, connector: SendConnector) -> str:
    """Why the connector takes nothing here, whatever it lists; empty where it does."""
    if not connector.is_enabled:
        return "It is disabled."
    if ruleset.node and not connector.is_in_scope_of(ruleset.node):
        nodes = ", ".join(connector.source_transport_servers)
        return f"It is out of scope on {ruleset.node}: only {nodes} may use it."
    return ""


def _route(ruleset: Ruleset, domain: str, found: _Selection, chosen_because: str = "") -> Route:
    """The best of the candidates; Unreachable where there is none."""
    names = {one.id: one.name for one in ruleset.send_connectors}
    passed = [Considered(one, names[one], because) for one, because in found.because.items()]
    if not found.candidates:
        return Route(UNREACHABLE, tuple(passed), found.is_too_large)
    best = min(found.candidates, key=_rank)
    passed += [_because(one.connector, _worse(one, best)) for one in found.candidates if one is not best]
    chosen = Considered(best.connector.id, best.connector.name, "", chosen_because)
    return Route(next_hop_of(best.connector, domain), (chosen, *passed))


def next_hop_of(connector: SendConnector, domain: str) -> NextHop:
    """The delivery queue that mail for ``domain`` joins under ``connector``."""
    if connector.smart_hosts:
        return NextHop(DeliveryType.SMART_HOST_CONNECTOR, ",".join(connector.smart_hosts), connector.id)
    return NextHop(DeliveryType.DNS_CONNECTOR, domain, connector.id)


def scope(ruleset: Ruleset, route: Route) -> tuple[str, ...]:
    """The nodes that may use the send connector that takes it; empty where each may: then all choose alike."""
    by = route.chosen.connector_id if route.chosen is not None else ""
    return next((one.source_transport_servers for one in ruleset.send_connectors if one.id == by), ())


def route_by(ruleset: Ruleset, connector_id: str, domain: str, *, size_bytes: int) -> Route:
    """By the send connector that a mail flow rule names, whatever domains it serves; unreachable where it can't be."""
    connector = next((one for one in ruleset.send_connectors if one.id == connector_id), None)
    if connector is None:
        gone = Considered(connector_id, connector_id, "A mail flow rule names it, and it is not there any more.")
        return Route(UNREACHABLE, (gone,))
    problem = _why_not(ruleset, connector, size_bytes)
    if problem:
        return Route(UNREACHABLE, (_because(connector, problem),), "larger" in problem)
    return Route(next_hop_of(connector, domain), (Considered(connector.id, connector.name, ""),))


def choose(ruleset: Ruleset, domain: str, *, size_bytes: int, home_server: str = "", by_connector: str = "") -> Route:
    """By the send connector that a mail flow rule names, where one does; else as domain and home server say."""
    if by_connector:
        return route_by(ruleset, by_connector, domain, size_bytes=size_bytes)
    return route(ruleset, domain, size_bytes=size_bytes, home_server=home_server)


def _why_not(ruleset: Ruleset, connector: SendConnector, size_bytes: int) -> str:
    """Why the connector can't take a message of this size here; empty where it can."""
    if not connector.is_enabled:
        return "It is disabled."
    if ruleset.node and not connector.is_in_scope_of(ruleset.node):
        nodes = ", ".join(connector.source_transport_servers)
        return f"It is out of scope on {ruleset.node}: only {nodes} may use it."
    if connector.max_message_size is not None and size_bytes > connector.max_message_size:
        return f"The message is larger than its limit of {format_size(connector.max_message_size)}."
    return ""


def requiring_tls(hop: NextHop) -> NextHop:
    """Where ``hop``'s mail goes that a mail flow rule wants over TLS or not at all."""
    if hop.delivery_type in BY_SMART_HOST:
        return replace(hop, delivery_type=DeliveryType.SMART_HOST_CONNECTOR_TLS_REQUIRED)
    if hop.delivery_type in (DeliveryType.DNS_CONNECTOR, DeliveryType.DNS_CONNECTOR_TLS_WAIVED):
        return replace(hop, delivery_type=DeliveryType.DNS_CONNECTOR_TLS_REQUIRED)
    return hop


def waiving_tls(ruleset: Ruleset, hop: NextHop) -> NextHop:
    """Where ``hop``'s mail goes when its sender waives the TLS policy of the recipient's domain (RFC 8689 5)."""
    connector = next((one for one in ruleset.send_connectors if one.id == hop.connector_id), None)
    if connector is None or hop.delivery_type is not DeliveryType.DNS_CONNECTOR:
        return hop
    is_waived = connector.is_mta_sts_enabled and connector.is_tls_required_no_honoured
    return replace(hop, delivery_type=DeliveryType.DNS_CONNECTOR_TLS_WAIVED) if is_waived else hop


def _rank(candidate: _Candidate) -> tuple[int, int, str, str]:
    connector = candidate.connector
    return -candidate.specificity, candidate.cost, connector.name.lower(), connector.id


def _covering(connector: SendConnector, domain: str) -> _Candidate | None:
    """The connector's most specific, then cheapest, address space that covers ``domain``."""
    found = [
        _Candidate(connector, s, space.cost, "address space", space.domain)
        for space in connector.address_spaces
        if (s := _specificity(space, domain))
    ]
    return min(found, key=_rank) if found else None


def _serving(connector: SendConnector, home: str) -> _Candidate | None:
    """The most specific, then cheapest, of the home servers that the connector lists which ``home`` is one of: a name
    before a pattern, and of patterns the longer."""
    found = [
        _Candidate(connector, MAX_HOME_SERVER + 1 if "*" not in one.server else len(one.server), one.cost,
                   "home server", one.server)
        for one in connector.home_servers
        if names_server(one.server, home)
    ]  # fmt: skip
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
        return f"Its {other.what} {other.names} is less specific than {best.names}."
    if other.cost > best.cost:
        return f"Its cost {other.cost} is higher than {best.cost}."
    return f"'{best.connector.name}' comes first by name."


def _because(connector: SendConnector, reason: str) -> Considered:
    return Considered(connector.id, connector.name, reason)
