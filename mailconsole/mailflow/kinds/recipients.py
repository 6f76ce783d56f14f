"""Whose mail we take, and to whom it goes."""

from __future__ import annotations

from typing import Any

from mailconsole.mailflow.kinds.kind import Group, Kind, some


def _goes_to(item: Any) -> str:
    if not item.forwarding_address:
        return "its own address"
    return f"{item.forwarding_address}{' and its own address' if item.deliver_to_mailbox_and_forward else ''}"


def _sent(is_sent: bool) -> str:
    return "sent" if is_sent else "held back"


_WHO_MAY_SEND = Group(
    "Who may send to it",
    ("is_sender_authentication_required", "accept_messages_only_from", "reject_messages_from", "max_receive_size"),
)

RECIPIENTS: tuple[Kind, ...] = (
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
        nav_group="Domains",
        is_counted=True,
        help="accept-a-domain",
    ),
    Kind(
        "remote_domains",
        "What of reports and automatic mail goes to domains that are not ours.",
        "All reports and automatic messages go to every domain.",
        "world",
        "remote-domains",
        (
            ("Domain", lambda item: item.domain),
            ("Failures and delays", lambda item: _sent(item.is_ndr_enabled)),
            ("Success", lambda item: _sent(item.is_delivery_report_enabled)),
            ("Automatic replies", lambda item: _sent(item.is_auto_reply_enabled)),
            ("Automatic forwarding", lambda item: _sent(item.is_auto_forward_enabled)),
        ),
        (
            Group("General", ("name", "domain", "comment")),
            Group("Reports", ("is_ndr_enabled", "is_ndr_diagnostic_info_enabled", "is_delivery_report_enabled")),
            Group("Automatic messages", ("is_auto_reply_enabled", "is_auto_forward_enabled")),
        ),
        order=41,
        nav_group="Domains",
        help="hold-back-reports",
        is_counted=True,
    ),
    Kind(
        "recipients",
        "Addresses that no directory knows, or that lead elsewhere: aliases and forwarding.",
        "No recipient of our own: who is a recipient is what the directory says.",
        "mailbox",
        "own-recipients",
        (
            ("Address", lambda item: item.address),
            ("Aliases", lambda item: some(item.aliases)),
            ("Mail goes to", _goes_to),
        ),
        (
            Group("General", ("name", "address", "aliases", "comment")),
            Group("Forwarding", ("forwarding_address", "deliver_to_mailbox_and_forward")),
            _WHO_MAY_SEND,
            Group("What it may send", ("max_send_size", "recipient_limits"), is_open=False),
        ),
        order=42,
        nav_group="Addresses",
        is_counted=True,
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
            ("Members", lambda item: some(item.members)),
            ("Reports go to", lambda item: item.owner_address or "the sender"),
        ),
        (Group("General", ("name", "address", "aliases", "members", "owner_address", "comment")), _WHO_MAY_SEND),
        order=44,
        nav_group="Addresses",
        is_counted=True,
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
        nav_group="Addresses",
        help="rewrite-addresses",
        is_counted=True,
    ),
)
