"""Who may send: clients that may relay, applications that sign in, clients that are let in or kept out."""

from __future__ import annotations

from typing import Any

from mailconsole.mailflow.kinds.kind import Cell, Group, Kind, some, until


def _who(item: Any) -> str:
    return some([*item.networks, *item.identities, *item.client_certificates])


def _counting(item: Any) -> str:
    if item.is_any_match:
        return "any answer"
    return some([*item.ip_addresses_match, *([f"bits of {item.bitmask_match}"] if item.bitmask_match else [])])


_ENTRY_COLUMNS: tuple[tuple[str, Cell], ...] = (
    ("Why", lambda item: item.comment),
    ("Owner", lambda item: item.owner),
    ("Until", until),
)

SENDERS: tuple[Kind, ...] = (
    Kind(
        "relay_policies",
        "Who may send to the outside through here: each with an owner, a purpose and, best, an end.",
        "Nobody may relay. Draft a policy, or begin from an attempt on the Refusals page.",
        "shield-check",
        "relay-policies",
        (
            ("Admits", _who),
            ("As", lambda item: some(item.sender_addresses) or "any sender"),
            ("To", lambda item: some(item.recipient_addresses) or "any recipient"),
            ("Owner", lambda item: item.owner),
            ("Until", until),
        ),
        (
            Group("General", ("name", "owner", "purpose", "ticket", "is_enabled", "comment")),
            Group("Who", ("networks", "identities", "client_certificates", "identity_match", "is_tls_required")),
            Group("What", ("sender_addresses", "send_as_addresses", "recipient_addresses")),
            Group(
                "How much",
                (
                    "max_message_size",
                    "is_message_size_limit_bypassed",
                    "max_messages_per_hour",
                    "max_messages_per_day",
                ),
            ),
            Group("When", ("time_windows", "timezone", "expires_at")),
            Group("If a network is broad", ("is_broad_override",)),
        ),
        order=30,
        nav_group="Relay policies",
        is_counted=True,
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
            ("Owns", lambda item: some(item.addresses) or "no address"),
            ("Owner", lambda item: item.owner),
            ("Until", until),
        ),
        (
            Group("General", ("name", "username", "addresses", "is_enabled")),
            Group("Why it is there", ("owner", "purpose", "expires_at", "comment")),
        ),
        order=35,
        nav_group="Relay policies",
        hidden=frozenset({"id", "password_secret"}),
        help="let-an-application-sign-in",
        is_password_made=True,
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
        nav_group="IP filters",
        is_counted=True,
        help="allow-or-block-clients",
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
        nav_group="IP filters",
        is_counted=True,
        help="allow-or-block-clients",
    ),
    Kind(
        "ip_block_list_providers",
        "Lists in DNS of clients that nobody wants mail from: who is on one is refused at RCPT.",
        "No list is asked.",
        "list-search",
        "block-list-providers",
        (
            ("Asks", lambda item: item.lookup_domain),
            ("Counts", _counting),
            ("Not for", lambda item: some(item.bypassed_recipients)),
            ("If it can't be asked", lambda item: str(item.if_unavailable)),
        ),
        (
            Group("General", ("name", "lookup_domain", "priority", "is_enabled", "is_only_told", "comment")),
            Group("Which answers count", ("is_any_match", "ip_addresses_match", "bitmask_match")),
            Group("What happens", ("rejection_response", "bypassed_recipients", "if_unavailable")),
        ),
        order=62,
        nav_group="IP filters",
        help="ask-lists-in-dns",
        is_counted=True,
    ),
    Kind(
        "ip_allow_list_providers",
        "Lists in DNS of clients that are known to be good: no block-list provider refuses them.",
        "No list is asked.",
        "checklist",
        "allow-list-providers",
        (("Asks", lambda item: item.lookup_domain), ("Counts", _counting)),
        (
            Group("General", ("name", "lookup_domain", "priority", "is_enabled", "comment")),
            Group("Which answers count", ("is_any_match", "ip_addresses_match", "bitmask_match")),
        ),
        order=64,
        nav_group="IP filters",
        help="ask-lists-in-dns",
        is_counted=True,
    ),
)
