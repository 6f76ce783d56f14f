"""A configuration document made ready to answer: indexes, built once for each revision, immutable after that. Pure."""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Iterable
from typing import Any

from transport.config.document import MailFlow
from transport.config.objects import AcceptedDomain, IpListEntry, ProxyProtocol, ReceiveConnector, SendConnector
from transport.model.session import SessionFacts
from transport.rules.compiled_policy import CompiledPolicy
from transport.rules.dns_lists import ListProviders
from transport.rules.kept_members import KeptMembers
from transport.rules.limited_senders import LimitedSenders
from transport.rules.networks import NetworkIndex
from transport.rules.own_recipients import OwnRecipients
from transport.rules.patterns import parent_domains
from transport.rules.remote_domains import RemoteDomains
from transport.rules.rewriting import Rewriting
from transport.rules.service_accounts import by_username


class IpList:
    """A compiled IP allow or block list."""

    def __init__(self, entries: Iterable[IpListEntry]) -> None:
        self._index = NetworkIndex((entry.network, entry) for entry in entries)

    def find(self, peer: str, now: float) -> IpListEntry | None:
        """The most specific entry in force that holds ``peer``."""
        for entry in self._index.find_all(peer):
            if entry.expires_at is None or now < entry.expires_at.timestamp():
                return entry
        return None


class Ruleset:
    """What the rules ask. ``document`` is the whole configuration, ``revision`` its number. ``node`` is where it runs;
    empty where that is all the same, as for a question of the console."""

    def __init__(self, document: MailFlow, revision: int = 0, node: str = "") -> None:
        self.document = document
        self.node = node
        self.revision = revision
        self.organization = document.organization
        self.ip_allow_list = IpList(document.ip_allow_list)
        self.ip_block_list = IpList(document.ip_block_list)
        self.receive_connectors = {c.id: c for c in document.receive_connectors}
        self._by_binding = _index_connectors(document.receive_connectors)
        self._proxies = _index_proxies(document.receive_connectors)
        self._domains = {d.domain: d for d in document.accepted_domains}
        own = OwnRecipients(document)
        self.own_recipients = own if own else None
        rewriting = Rewriting(document.address_rewriting)
        self.rewriting = rewriting if rewriting else None
        self.service_accounts = by_username(document.service_accounts)
        self._trees = {d.domain: d for d in document.accepted_domains if d.match_subdomains}
        enabled = sorted((p for p in document.relay_policies if p.is_enabled), key=lambda p: p.name.lower())
        self.policies = tuple(CompiledPolicy(p) for p in enabled)
        self.has_policy_size_limits = any(p.policy.max_message_size for p in self.policies)
        limited_senders = LimitedSenders(document)
        self.limited_senders = limited_senders if limited_senders else None
        organization = document.organization
        sizes = (organization.max_send_size, organization.max_receive_size, *limited_senders.sizes)
        self.organization_size = min((size for size in sizes if size is not None), default=float("inf"))
        """No message up to this size is too large for the organisation or for who sends it."""
        self.policies_with_rate = frozenset(p.policy.id for p in self.policies if p.has_rate)
        self.policies_with_send_as = tuple(p for p in self.policies if p.send_as is not None)
        self._networks = NetworkIndex((n, p) for p in self.policies for n in p.policy.networks)
        found = [p for p in self.policies if p.is_found_by_network]
        self._by_network = NetworkIndex((n, p) for p in found for n in p.policy.networks)
        self._asked_always = tuple(p for p in self.policies if not p.is_found_by_network)
        remote = RemoteDomains(document)
        self.remote_domains = remote if remote else None
        self.is_header_asked = remote.is_by_header
        providers = ListProviders(document)
        self.list_providers = providers if providers else None
        inner = document.organization.internal_smtp_servers
        self._inner = NetworkIndex((network, network) for network in inner) if inner else None
        self._has_lists = bool(document.ip_block_list) or self.list_providers is not None
        self.has_mail_flow_rules = any(rule.is_enabled for rule in document.mail_flow_rules)
        self.compiled_rules: Any = None
        """What ``mail_flow_rules.rules_of`` makes of them."""
        self.send_connectors: tuple[SendConnector, ...] = tuple(
            sorted(document.send_connectors, key=lambda c: (c.name.lower(), c.id))
        )
        self.has_home_servers = any(c.home_servers for c in self.send_connectors)
        self.connector_size_limits = sorted({c.max_message_size for c in self.send_connectors if c.max_message_size})
        self.kept_members = KeptMembers()
        """What ``membership.is_kept_member`` remembers."""
        self.routes: dict[tuple[str, int, str], Any] = {}
        """What ``routing.route`` remembers, by domain, size and home server; ``choosing.plain_routes``, of domains
        outside."""
        self.plain_routes: dict[tuple[str, int], Any] = {}
        self.greetings: dict[tuple[str, bool, bool, bool, bool], str] = {}
        """What listeners offer, by connector and by what depends on the client."""
        self.arrivals: dict[tuple[str, str, str], Any] = {}
        """What listeners remember of who connects, by binding, peer and name of the node."""
        self.clients: dict[Any, Any] = {}
        """What listeners remember of answers to clients; ``commands_remembered`` is how much that is."""
        self.commands_remembered = 0

    def on_node(self, node: str) -> Ruleset:
        """The same as it runs on ``node``."""
        made = copy.copy(self)
        made.node, made.routes, made.plain_routes = node, {}, {}
        return made

    def bindings(self) -> dict[str, list[ReceiveConnector]]:
        """The enabled receive connectors by binding."""
        found: dict[str, list[ReceiveConnector]] = {}
        for connector in self.document.receive_connectors:
            for binding in connector.bindings if connector.is_enabled else ():
                found.setdefault(binding, []).append(connector)
        return found

    def connector_for(self, binding: str, peer: str) -> ReceiveConnector | None:
        """The connector of ``binding`` whose range that holds ``peer`` is the most specific, as in Exchange."""
        index = self._by_binding.get(binding)
        found = index.find_all(peer) if index else []
        return found[0] if found else None

    def connector_of_proxy(self, binding: str, proxy: str) -> ReceiveConnector | None:
        """The connector of ``binding`` that lists ``proxy``, the most specific entry first."""
        index = self._proxies.get(binding) if self._proxies else None
        found = index.find_all(proxy) if index else []
        return found[0] if found else None

    def proxy_protocol(self, binding: str, peer: str) -> ProxyProtocol | None:
        """How ``peer`` says who its client is, if it is a listed proxy."""
        if not self._proxies:
            return None
        connector = self.connector_of_proxy(binding, peer)
        return connector.proxy_protocol if connector is not None else None

    def lists_proxy(self, connector: ReceiveConnector, proxy: str) -> bool:
        """Whether the connector itself believes ``proxy``."""
        return any(
            connector.id == one.id
            for binding in connector.bindings
            if binding in self._proxies
            for one in self._proxies[binding].find_all(proxy)
        )

    def is_inner(self, peer: str) -> bool:
        """Whether the client is a relay of our own in front of us (InternalSMTPServers)."""
        return self._inner is not None and bool(self._inner.find_all(peer))

    def is_inner_hop(self, address: str) -> bool:
        """The same of an address in a Received field; a server hands mail to itself by loopback."""
        return self.is_inner(address) or ipaddress.ip_address(address).is_loopback

    def asks_origin(self, facts: SessionFacts) -> bool:
        """Whether lists are asked about where its mail came from, which only its header says: who signed in is asked
        about nothing."""
        return self._has_lists and not facts.identity and self.is_inner(facts.peer)

    def accepted_domain(self, domain: str) -> AcceptedDomain | None:
        """The accepted domain that covers ``domain``: itself, else the nearest parent with subdomains."""
        exact = self._domains.get(domain)
        if exact is not None or not self._trees:
            return exact
        return next((self._trees[parent] for parent in parent_domains(domain)[1:] if parent in self._trees), None)

    def is_network_named(self, peer: str) -> bool:
        """Whether an enabled relay policy names a network that holds ``peer``."""
        return bool(self._networks.find_all(peer))

    def policies_for(self, peer: str) -> list[CompiledPolicy]:
        """Enabled relay policies that may name a client at ``peer``, in order of name."""
        named = self._by_network.find_all(peer)
        if len(named) + len(self._asked_always) < 2:
            return named or list(self._asked_always)
        found = {id(p): p for p in (*named, *self._asked_always)}
        return sorted(found.values(), key=lambda p: p.policy.name.lower())


def _index_connectors(connectors: Iterable[ReceiveConnector]) -> dict[str, NetworkIndex[ReceiveConnector]]:
    pairs: dict[str, list[tuple[str, ReceiveConnector]]] = {}
    for connector in connectors:
        for binding in connector.bindings if connector.is_enabled else ():
            pairs.setdefault(binding, []).extend((network, connector) for network in connector.remote_ip_ranges)
    return {binding: NetworkIndex(items) for binding, items in pairs.items()}


def _index_proxies(connectors: Iterable[ReceiveConnector]) -> dict[str, NetworkIndex[ReceiveConnector]]:
    pairs: dict[str, list[tuple[str, ReceiveConnector]]] = {}
    for connector in connectors:
        if connector.is_enabled and connector.proxy_networks:
            for binding in connector.bindings:
                pairs.setdefault(binding, []).extend((network, connector) for network in connector.proxy_networks)
    return {binding: NetworkIndex(items) for binding, items in pairs.items()}


def compile_ruleset(document: MailFlow, revision: int = 0, node: str = "") -> Ruleset:
    """Build the indexes of ``document``."""
    return Ruleset(document, revision, node)
