"""The pages of mail flow as one table: which section, what it is for, which columns, which groups of fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mailconsole.changes.links import STEMS
from transport.config.objects import ReceiveExtensions
from transport.config.phrases import join, show
from transport.config.words import KIND_LABELS, KIND_PLURALS

Cell = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together on a form; `is_open` says whether it is shown unfolded."""

    title: str
    fields: tuple[str, ...]
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Kind:
    """One section of the configuration as people see it. Fields in no group come last, folded, as *More settings*.

    ``help`` is a topic; ``is_password_made``: the console makes its password, nobody types it into the form.
    """

    name: str
    purpose: str
    empty: str
    icon: str
    path: str
    columns: tuple[tuple[str, Cell], ...]
    groups: tuple[Group, ...]
    order: int = 0
    key: str = ""
    hidden: frozenset[str] = field(default_factory=lambda: frozenset({"id"}))
    help: str = "review-and-publish"
    is_password_made: bool = False

    @property
    def stem(self) -> str:
        return STEMS[self.name]

    @property
    def singular(self) -> str:
        return {"ip_allow_list": "IP allow entry", "ip_block_list": "IP block entry"}.get(
            self.name, KIND_LABELS[self.name]
        )

    @property
    def plural(self) -> str:
        return KIND_PLURALS[self.name]

    @property
    def is_list(self) -> bool:
        """Whether its entries are known by their network instead of a name."""
        return self.name.startswith("ip_")


def _route(item: Any) -> str:
    return join(item.smart_hosts) if item.smart_hosts else "DNS (MX records)"


def _who(item: Any) -> str:
    return _some([*item.networks, *item.identities, *item.client_certificates])


def _some(items: Any) -> str:
    """The first few, and how many more."""
    texts = [str(item) for item in items]
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


def _until(item: Any) -> str:
    return show("expires_at", item.expires_at.isoformat()) if item.expires_at else "no end"


def _goes_to(item: Any) -> str:
    if not item.forwarding_address:
        return "its own address"
    return f"{item.forwarding_address}{' and its own address' if item.deliver_to_mailbox_and_forward else ''}"


_WHO_MAY_SEND = Group(
    "Who may send to it",
    ("is_sender_authentication_required", "accept_messages_only_from", "reject_messages_from", "max_receive_size"),
)
_ENTRY_COLUMNS: tuple[tuple[str, Cell], ...] = (
    ("Why", lambda item: item.comment),
    ("Owner", lambda item: item.owner),
    ("Until", _until),
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "receive_connectors",
            "Where mail comes in: which addresses are listened on, whom they serve and what they offer.",
            "Without a receive connector no mail can come in.",
            "transfer-in",
            "receive-connectors",
            (
                ("Listens on", lambda item: _some(item.bindings)),
                ("Serves", lambda item: _some(item.remote_ip_ranges)),
                ("Who may send", lambda item: _some(item.permission_groups) or "nobody"),
                ("TLS", lambda item: str(item.tls_mode)),
            ),
            (
                Group("General", ("name", "comment", "is_enabled", "bindings", "remote_ip_ranges")),
                Group("Who may send", ("permission_groups", "sender_ownership", "tls_mode")),
                Group(
                    "Limits",
                    (
                        "max_message_size",
                        "max_recipients_per_message",
                        "max_inbound_connections",
                        "max_inbound_connections_per_source",
                        "max_inbound_connection_percentage_per_source",
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
                Group("Behind a proxy", ("proxy_networks", "proxy_protocol"), is_open=False),
                Group(
                    "What is refused, what is offered",
                    tuple(name for name in ReceiveExtensions.model_fields),
                    is_open=False,
                ),
            ),
            order=10,
        ),
        Kind(
            "send_connectors",
            "Where mail goes out: which domains a connector serves, and by which next hops.",
            "Without a send connector mail for other domains waits as unreachable. Add one that serves *.",
            "transfer-out",
            "send-connectors",
            (
                ("Serves", lambda item: _some(f"{one.domain} (cost {one.cost})" for one in item.address_spaces)),
                ("Next hop", _route),
                ("TLS", lambda item: str(item.tls_level)),
            ),
            (
                Group("General", ("name", "comment", "is_enabled", "address_spaces")),
                Group("Next hop", ("smart_hosts", "port", "username", "password")),
                Group("TLS", ("tls_level", "tls_domain", "is_client_certificate_shown")),
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
                    ("fqdn", "source_ip_address", "is_helo_forced", "is_private_address_allowed"),
                ),
            ),
            order=20,
            hidden=frozenset({"id", "password_secret"}),
        ),
        Kind(
            "relay_policies",
            "Who may send to the outside through here: each with an owner, a purpose and, best, an end.",
            "Nobody may relay. Draft a policy, or begin from an attempt on the Refusals page.",
            "shield-check",
            "relay-policies",
            (
                ("Admits", _who),
                ("As", lambda item: _some(item.sender_addresses) or "any sender"),
                ("To", lambda item: _some(item.recipient_addresses) or "any recipient"),
                ("Owner", lambda item: item.owner),
                ("Until", _until),
            ),
            (
                Group("General", ("name", "owner", "purpose", "ticket", "is_enabled")),
                Group("Who", ("networks", "identities", "client_certificates", "identity_match", "is_tls_required")),
                Group("What", ("sender_addresses", "send_as_addresses", "recipient_addresses")),
                Group("How much", ("max_message_size", "max_messages_per_hour", "max_messages_per_day")),
                Group("When", ("time_windows", "timezone", "expires_at")),
                Group("If a network is broad", ("is_broad_override",)),
            ),
            order=30,
            key="l",
            help="let-a-device-relay",
        ),
        Kind(
            "service_accounts",
            "Applications and devices that sign in to send: each with a password of its own and the addresses it owns.",
            "No service account: only users of a directory can sign in. Add one for each application.",
            "key",
            "service-accounts",
            (
                ("User name", lambda item: item.username),
                ("Owns", lambda item: _some(item.addresses) or "no address"),
                ("Owner", lambda item: item.owner),
                ("Until", _until),
            ),
            (
                Group("General", ("name", "username", "addresses", "is_enabled")),
                Group("Why it is there", ("owner", "purpose", "expires_at", "comment")),
            ),
            order=35,
            hidden=frozenset({"id", "password_secret"}),
            help="let-an-application-sign-in",
            is_password_made=True,
        ),
        Kind(
            "accepted_domains",
            "The domains whose mail anybody may hand to us.",
            "No domain is accepted: mail is taken only from clients that a relay policy admits.",
            "at",
            "accepted-domains",
            (
                ("Domain", lambda item: item.domain),
                ("Type", lambda item: str(item.domain_type)),
                ("Subdomains", lambda item: "too" if item.match_subdomains else "no"),
                ("Default", lambda item: "default" if item.is_default else ""),
            ),
            (
                Group("General", ("name", "domain", "domain_type", "match_subdomains", "is_default", "comment")),
                Group("Unknown recipients", ("catch_all_address",)),
            ),
            order=40,
        ),
        Kind(
            "recipients",
            "Addresses that no directory knows, or that lead elsewhere: aliases and forwarding.",
            "No recipient of our own: who is a recipient is what the directory says.",
            "mailbox",
            "own-recipients",
            (
                ("Address", lambda item: item.address),
                ("Aliases", lambda item: _some(item.aliases)),
                ("Mail goes to", _goes_to),
            ),
            (
                Group("General", ("name", "address", "aliases", "comment")),
                Group("Forwarding", ("forwarding_address", "deliver_to_mailbox_and_forward")),
                _WHO_MAY_SEND,
            ),
            order=42,
            help="forward-an-address",
        ),
        Kind(
            "distribution_groups",
            "Addresses that stand for several: each member gets the mail once.",
            "No group of our own: the directory's groups work without an entry here.",
            "users-group",
            "distribution-groups",
            (
                ("Address", lambda item: item.address),
                ("Members", lambda item: _some(item.members)),
                ("Reports go to", lambda item: item.owner_address or "the sender"),
            ),
            (Group("General", ("name", "address", "aliases", "members", "owner_address", "comment")), _WHO_MAY_SEND),
            order=44,
            help="make-a-distribution-group",
        ),
        Kind(
            "address_rewriting",
            "Internal addresses that the outside sees as others. Sign with DKIM after us, not before.",
            "No address is rewritten.",
            "switch-horizontal",
            "address-rewriting",
            (
                ("Internal", lambda item: item.internal_address),
                ("External", lambda item: item.external_address),
                ("Direction", lambda item: "outbound" if item.is_outbound_only else "both"),
            ),
            (
                Group(
                    "General",
                    (
                        "name",
                        "internal_address",
                        "external_address",
                        "is_outbound_only",
                        "exceptions",
                        "is_enabled",
                        "comment",
                    ),
                ),
            ),
            order=46,
            help="rewrite-addresses",
        ),
        Kind(
            "ip_allow_list",
            "Clients that no filter refuses. An allow entry wins over a block entry.",
            "No client is exempt from filters.",
            "circle-check",
            "ip-allow-list",
            _ENTRY_COLUMNS,
            (Group("Entry", ("network", "comment", "owner", "expires_at")),),
            order=50,
        ),
        Kind(
            "ip_block_list",
            "Clients that are refused as soon as they connect.",
            "No client is blocked.",
            "ban",
            "ip-block-list",
            _ENTRY_COLUMNS,
            (Group("Entry", ("network", "comment", "owner", "expires_at")),),
            order=60,
        ),
        Kind(
            "organization",
            "What holds for all mail: our name, retries, expiry and reports.",
            "",
            "building",
            "organization",
            (),
            (
                Group("Who we are", ("name", "hostname", "postmaster_address", "is_plus_addressing_enabled")),
                Group(
                    "Retries and reports",
                    (
                        "retry_ladder",
                        "message_expiration_timeout",
                        "is_delay_dsn_enabled",
                        "delay_notification_timeout",
                        "dsn_max_message_attach_size",
                        "dsn_language",
                        "generate_copy_of_dsn_for",
                        "dsn_rate_limit_per_sender_per_hour",
                        "dsn_rate_limit_per_min",
                    ),
                ),
                Group(
                    "Wrong passwords",
                    ("max_failed_logons_per_account", "max_failed_logons_per_network", "failed_logon_window"),
                ),
                Group(
                    "Queues",
                    ("is_priority_queuing_enabled", "max_high_priority_message_size", "poison_threshold"),
                    is_open=False,
                ),
                Group(
                    "Pickup directory",
                    (
                        "is_pickup_enabled",
                        "pickup_directory_max_messages_per_minute",
                        "pickup_directory_max_message_size",
                        "pickup_directory_max_header_size",
                        "pickup_directory_max_recipients_per_message",
                    ),
                    is_open=False,
                ),
                Group(
                    "Back pressure",
                    (
                        "is_back_pressure_enabled",
                        "queue_length_medium",
                        "queue_length_high",
                        "spool_disk_used_medium",
                        "spool_disk_used_high",
                        "spool_disk_free_medium",
                        "spool_disk_free_high",
                        "memory_used_medium",
                        "memory_used_high",
                    ),
                    is_open=False,
                ),
                Group(
                    "Second copy",
                    (
                        "is_shadow_redundancy_enabled",
                        "is_message_rejected_on_shadow_failure",
                        "shadow_message_preference",
                        "shadow_heartbeat_frequency",
                        "shadow_resubmit_time_span",
                        "shadow_message_auto_discard_interval",
                    ),
                    is_open=False,
                ),
            ),
            order=70,
        ),
    )
}
