"""Words for changes of send connectors and receive connectors."""

from __future__ import annotations

from collections.abc import Iterator

from transport.config.diff import FieldChange
from transport.config.phrases import Parts, Say, show
from transport.config.tellers import Teller, members, on_off


def _next_hops(change: FieldChange) -> Iterator[Parts]:
    after = f"through {show('', change.after)}" if change.after else "by DNS (MX records)"
    before = f"through {show('', change.before)}" if change.before else "by DNS (MX records)"
    yield (Say(f"now sends {after} instead of {before}"),)


def _homes(change: FieldChange) -> Iterator[Parts]:
    for verb, some, others in (("now", change.after, change.before), ("no longer", change.before, change.after)):
        if told := [one for one in some if one not in others]:
            yield (Say(f"{verb} takes mail for mailboxes on the home server {show('', told)}"),)


def _own_ladder(change: FieldChange) -> Iterator[Parts]:
    after = f"after {change.after}" if change.after else "as the organisation says"
    before = f"after {change.before}" if change.before else "as the organisation says"
    yield (Say(f"now tries again {after} instead of {before}"),)


def _certificate_name(change: FieldChange) -> Iterator[Parts]:
    after, before = change.after or "the host's own name", change.before or "the host's own name"
    yield (Say(f"now wants a certificate for {after} instead of {before}"),)


TELLERS: dict[tuple[str, str], Teller] = {
    ("send_connectors", "smart_hosts"): _next_hops,
    ("send_connectors", "home_servers"): _homes,
    ("send_connectors", "retry_ladder"): _own_ladder,
    ("send_connectors", "tls_domain"): _certificate_name,
    ("send_connectors", "is_helo_forced"): on_off("now says HELO, so without TLS", "now says EHLO again"),
    ("send_connectors", "is_client_certificate_shown"): on_off(
        "now shows the node's certificate", "no longer shows the node's certificate"
    ),
    ("send_connectors", "is_mta_sts_enabled"): on_off(
        "now keeps to the TLS policies of domains (MTA-STS)", "no longer keeps to the TLS policies of domains (MTA-STS)"
    ),
    ("send_connectors", "is_tls_required_no_honoured"): on_off(
        "now lets senders waive a domain's TLS policy (TLS-Required: No)",
        "no longer lets senders waive a domain's TLS policy (TLS-Required: No)",
    ),
    ("send_connectors", "source_transport_servers"): members(
        added="may now be used by {}",
        removed="may no longer be used by {}",
        emptied="may now be used by every node",
        begun="may now be used by {} only",
    ),
    ("send_connectors", "is_private_address_allowed"): on_off(
        "may now deliver to private addresses that DNS names", "no longer delivers to private addresses that DNS names"
    ),
    ("send_connectors", "is_dns_failure_downgraded"): on_off(
        "now tries domains that DNS does not know until the message expires",
        "now gives up at once where DNS does not know the domain",
    ),
    ("send_connectors", "downgraded_replies"): members(
        added="now tries again after {}",
        removed="no longer tries again after {}",
        emptied="",
        begun="",
    ),
    ("send_connectors", "upgraded_replies"): members(
        added="now gives up after {}",
        removed="no longer gives up after {}",
        emptied="",
        begun="",
    ),
    ("receive_connectors", "is_authoritative_domain_sender_accepted"): on_off(
        "now takes senders at our own domains from strangers",
        "no longer takes senders at our own domains from strangers",
    ),
    ("receive_connectors", "proxy_networks"): members(
        added="now believes the proxies {} when they name the client",
        removed="no longer believes the proxies {}",
        emptied="",
        begun="",
    ),
}
