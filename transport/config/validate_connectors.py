"""Rules across connectors: which connector serves a peer and where mail can go must not be a surprise."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import datetime
from itertools import combinations

from transport.config.document import MailFlow
from transport.config.objects import AuthMechanism, PermissionGroup, ReceiveConnector, SendConnector, TlsLevel, TlsMode
from transport.config.problem import Problem, Severity
from transport.config.ranges import parse_range

MAX_PROXIES = 256
RECEIVE, SEND = "receive_connectors", "send_connectors"


def _no_peer_has_two_connectors(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for one, two in _pairs_on_a_binding(document):
        for ours in two.remote_ip_ranges:
            clash = next((theirs for theirs in one.remote_ip_ranges if _is_ambiguous(ours, theirs)), None)
            if clash is not None:
                yield Problem(RECEIVE, two.id, "remote_ip_ranges", _clash_sentence(one, two, clash, ours))


def _is_ambiguous(one: str, two: str) -> bool:
    """Exchange: ranges of one binding may overlap only where one wholly contains the other, and is larger."""
    first, second = parse_range(one), parse_range(two)
    if not first.overlaps(second):
        return False
    return first == second or not (first.contains(second) or second.contains(first))


def _clash_sentence(one: ReceiveConnector, two: ReceiveConnector, theirs: str, ours: str) -> str:
    where = ", ".join(binding for binding in two.bindings if binding in one.bindings)
    if parse_range(theirs) == parse_range(ours):
        what = f"serve {ours}"
    else:
        what = f"serve part of each other's range, {theirs} and {ours}"
    return f"{one.name} and {two.name} both listen on {where} and {what}: it is not clear which takes a client."


def _pairs_on_a_binding(document: MailFlow) -> Iterator[tuple[ReceiveConnector, ReceiveConnector]]:
    enabled = [item for item in document.receive_connectors if item.is_enabled]
    return ((one, two) for one, two in combinations(enabled, 2) if set(one.bindings) & set(two.bindings))


def _a_binding_begins_one_way(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for one, two in _pairs_on_a_binding(document):
        if (one.tls_mode is TlsMode.IMPLICIT) != (two.tls_mode is TlsMode.IMPLICIT):
            sentence = f"{one.name} and {two.name} share a binding, but only one begins with TLS from the first byte."
            yield Problem(RECEIVE, two.id, "tls_mode", sentence)


def _passwords_travel_over_tls(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for item in document.receive_connectors:
        yield from _users_can_sign_in(item)
        if item.is_enabled and not item.permission_groups:
            sentence = f"{item.name} gives no permission to anybody: it refuses everyone."
            yield Problem(RECEIVE, item.id, "permission_groups", sentence, Severity.WARNING)


def _users_can_sign_in(item: ReceiveConnector) -> Iterator[Problem]:
    if PermissionGroup.EXCHANGE_USERS not in item.permission_groups:
        return
    if item.auth_mechanism is AuthMechanism.NONE:
        sentence = f"{item.name} takes users who signed in but offers no AUTH: nobody can sign in."
        yield Problem(RECEIVE, item.id, "auth_mechanism", sentence, Severity.WARNING)
    elif item.auth_mechanism is AuthMechanism.BASIC_AUTH:
        if item.tls_mode not in (TlsMode.REQUIRED, TlsMode.IMPLICIT):
            sentence = f"{item.name} takes passwords in clear: whoever sees the traffic of its clients can read them."
            yield Problem(RECEIVE, item.id, "auth_mechanism", sentence, Severity.WARNING)
    elif item.tls_mode is TlsMode.NONE:
        sentence = f"{item.name} takes users who sign in but has no TLS: AUTH is not offered without it."
        yield Problem(RECEIVE, item.id, "tls_mode", sentence, Severity.WARNING)


def _proxies_are_few_and_known(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for item in document.receive_connectors:
        for network in item.proxy_networks:
            if parse_range(network).size > MAX_PROXIES:
                sentence = (
                    f"{network} is broad: everybody in it could say to be any client. List the proxies themselves."
                )
                yield Problem(RECEIVE, item.id, "proxy_networks", sentence)
    for one, two in _pairs_on_a_binding(document):
        if one.proxy_networks and two.proxy_networks and one.proxy_protocol is not two.proxy_protocol:
            sentence = f"{one.name} and {two.name} share a binding: their proxies must speak the same protocol."
            yield Problem(RECEIVE, two.id, "proxy_protocol", sentence)


def _certificates_are_asked_for(document: MailFlow, now: datetime) -> Iterator[Problem]:
    asking = [item for item in document.receive_connectors if item.is_enabled and _asks_for_certificates(item)]
    for item in asking:
        if item.tls_mode is TlsMode.NONE:
            sentence = f"{item.name} asks for client certificates but has no TLS: nobody can show one."
            yield Problem(RECEIVE, item.id, "tls_mode", sentence, Severity.WARNING)
    for policy in document.relay_policies:
        if policy.is_enabled and policy.client_certificates and not asking:
            sentence = f"{policy.name} names client certificates, but no receive connector asks for one."
            yield Problem("relay_policies", policy.id, "client_certificates", sentence, Severity.WARNING)


def _asks_for_certificates(item: ReceiveConnector) -> bool:
    return item.is_client_certificate_requested or PermissionGroup.PARTNERS in item.permission_groups


def _something_listens(document: MailFlow, now: datetime) -> Iterator[Problem]:
    if not any(item.is_enabled for item in document.receive_connectors):
        sentence = "No receive connector is enabled: no mail can come in."
        yield Problem(RECEIVE, "", "", sentence, Severity.WARNING)


def _mail_has_somewhere_to_go(document: MailFlow, now: datetime) -> Iterator[Problem]:
    spaces = [space.domain for item in document.send_connectors if item.is_enabled for space in item.address_spaces]
    if "*" in spaces:
        return
    has_homes = any(item.is_enabled and item.home_servers for item in document.send_connectors)
    whose = "mail for mailboxes on no home server that is served" if has_homes else "its mail"
    for domain in document.accepted_domains:
        if not any(_serves(space, domain.domain) for space in spaces):
            sentence = f"No enabled send connector serves {domain.domain}: {whose} would wait as unreachable."
            yield Problem("accepted_domains", domain.id, "domain", sentence, Severity.WARNING)
    if document.relay_policies and any(policy.is_enabled for policy in document.relay_policies):
        sentence = "No enabled send connector serves *: relayed mail to other domains would wait as unreachable."
        yield Problem(SEND, "", "", sentence, Severity.WARNING)


def _serves(space: str, domain: str) -> bool:
    if space.startswith("*."):
        return domain == space[2:] or domain.endswith(space[1:])
    return domain == space


def _smart_hosts_can_be_checked(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for item in document.send_connectors:
        if item.tls_level is TlsLevel.DOMAIN_VALIDATION:
            yield from _addresses_have_no_name(item)
        if len({host.lower() for host in item.smart_hosts}) < len(item.smart_hosts):
            yield Problem(SEND, item.id, "smart_hosts", f"{item.name} names a smart host twice.", Severity.WARNING)


def _addresses_have_no_name(item: SendConnector) -> Iterator[Problem]:
    for host in item.smart_hosts:
        if _is_address(host.rsplit(":", 1)[0].strip("[]") if host.startswith("[") else host.split(":", 1)[0]):
            sentence = f"DomainValidation compares names, but {host} is an address: its certificate must carry it."
            yield Problem(SEND, item.id, "tls_level", sentence, Severity.WARNING)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _home_servers_can_be_reached(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for item in document.send_connectors:
        names = [one.server.lower() for one in item.home_servers]
        if len(set(names)) < len(names):
            yield Problem(SEND, item.id, "home_servers", f"{item.name} names a home server twice.", Severity.WARNING)
        if names and item.is_enabled and not item.smart_hosts:
            sentence = (
                f"{item.name} lists home servers but no smart host: their mail would go to the mail exchangers of its "
                "domain, whichever server it is for."
            )
            yield Problem(SEND, item.id, "smart_hosts", sentence, Severity.WARNING)


RULES = (
    _no_peer_has_two_connectors,
    _a_binding_begins_one_way,
    _passwords_travel_over_tls,
    _proxies_are_few_and_known,
    _certificates_are_asked_for,
    _something_listens,
    _mail_has_somewhere_to_go,
    _smart_hosts_can_be_checked,
    _home_servers_can_be_reached,
)
