"""Where mail comes in and where it goes out."""

from __future__ import annotations

from typing import Any

from mailconsole.mailflow.kinds.kind import Group, Kind, some
from transport.config.objects import ReceiveExtensions
from transport.config.phrases import join


def _route(item: Any) -> str:
    return join(item.smart_hosts) if item.smart_hosts else "DNS (MX records)"


def _serves(item: Any) -> str:
    """Home servers go before address spaces."""
    homes = [f"home server {one.server} (cost {one.cost})" for one in item.home_servers]
    return some([*homes, *(f"{one.domain} (cost {one.cost})" for one in item.address_spaces)])


CONNECTORS: tuple[Kind, ...] = (
    Kind(
        "receive_connectors",
        "Where mail comes in: which addresses are listened on, whom they serve and what they offer.",
        "Without a receive connector no mail can come in.",
        "transfer-in",
        "receive-connectors",
        (
            ("Listens on", lambda item: some(item.bindings)),
            ("Serves", lambda item: some(item.remote_ip_ranges)),
            ("Who may send", lambda item: some(item.permission_groups) or "nobody"),
            ("TLS", lambda item: str(item.tls_mode)),
        ),
        (
            Group("General", ("name", "comment", "is_enabled", "bindings", "remote_ip_ranges", "fqdn", "banner")),
            Group(
                "Who may send",
                (
                    "permission_groups",
                    "tls_mode",
                    "auth_mechanism",
                    "sender_ownership",
                    "is_authoritative_domain_sender_accepted",
                ),
            ),
            Group(
                "Limits",
                (
                    "max_message_size",
                    "max_recipients_per_message",
                    "max_inbound_connections",
                    "max_inbound_connections_per_source",
                    "max_inbound_connection_percentage_per_source",
                    "max_connection_rate_per_min",
                    "message_rate_limit_per_min",
                    "message_rate_source",
                ),
            ),
            Group(
                "Time and errors",
                (
                    "connection_timeout",
                    "connection_inactivity_timeout",
                    "min_data_rate",
                    "banner_delay",
                    "tarpit_interval",
                    "auth_tarpit_interval",
                    "max_protocol_errors",
                    "max_logon_failures",
                    "max_header_size",
                    "max_hop_count",
                    "max_local_hop_count",
                ),
                is_open=False,
            ),
            Group("Certificates", ("tls_certificate_name", "is_client_certificate_requested"), is_open=False),
            Group("Protocol log", ("protocol_logging_level",), is_open=False),
            Group("Behind a proxy", ("proxy_networks", "proxy_protocol"), is_open=False),
            Group(
                "What is refused, what is offered",
                tuple(name for name in ReceiveExtensions.model_fields),
                is_open=False,
            ),
        ),
        order=10,
        is_counted=True,
        help="receive-connectors",
    ),
    Kind(
        "send_connectors",
        "Where mail goes out: which domains a connector serves, and by which next hops.",
        "Without a send connector mail for other domains waits as unreachable. Add one that serves *.",
        "transfer-out",
        "send-connectors",
        (
            ("Serves", _serves),
            ("Next hop", _route),
            ("TLS", lambda item: str(item.tls_level)),
        ),
        (
            Group(
                "General",
                ("name", "comment", "is_enabled", "address_spaces", "home_servers", "source_transport_servers"),
            ),
            Group("Next hop", ("smart_hosts", "port", "username", "password")),
            Group(
                "TLS",
                (
                    "tls_level",
                    "tls_domain",
                    "is_mta_sts_enabled",
                    "is_tls_required_no_honoured",
                    "is_client_certificate_shown",
                    "tls_certificate_name",
                ),
            ),
            Group(
                "Limits",
                (
                    "max_message_size",
                    "max_connections",
                    "max_messages_per_connection",
                    "message_rate_limit_per_min",
                    "connection_inactivity_timeout",
                ),
            ),
            Group(
                "When delivery fails",
                ("retry_ladder", "is_dns_failure_downgraded", "downgraded_replies", "upgraded_replies"),
            ),
            Group(
                "How we connect",
                (
                    "fqdn",
                    "source_ip_address",
                    "is_helo_forced",
                    "is_private_address_allowed",
                    "protocol_logging_level",
                ),
            ),
        ),
        order=20,
        is_counted=True,
        help="send-connectors",
        hidden=frozenset({"id", "password_secret"}),
    ),
)
