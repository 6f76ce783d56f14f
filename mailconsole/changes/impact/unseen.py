"""What of a change no replay shows, so that *no answer differs* is never taken for *nothing happens*. Pure.

What is not listed here as seen counts as not seen: a new field is told until somebody has the replay look at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from transport.config.diff import ObjectChange, diff
from transport.config.document import MailFlow
from transport.config.phrases import label
from transport.config.words import KIND_LABELS

TOLD = 20
_ALL = frozenset({"*"})
_ASIDE = frozenset({"id", "name", "comment", "owner", "purpose", "ticket", "priority"})
"""They decide nothing by themselves; what another order does shows."""
_NO_MAIL = frozenset({"approval_rules", "reviewer_groups"})
_SEEN: dict[str, frozenset[str]] = {
    "organization": frozenset({
        "postmaster_address", "is_plus_addressing_enabled", "max_send_size", "max_receive_size",
        "static_entry_rejection_response",
    }),
    "receive_connectors": frozenset({
        "is_enabled", "bindings", "remote_ip_ranges", "permission_groups", "sender_ownership", "tls_mode",
        "max_message_size", "is_ehlo_domain_required", "is_single_label_recipient_domain_rejected",
        "is_reserved_top_level_recipient_domain_rejected", "is_reserved_second_level_recipient_domain_rejected",
    }),
    "send_connectors": frozenset({"is_enabled", "home_servers", "address_spaces", "smart_hosts", "max_message_size"}),
    "accepted_domains": _ALL,
    "recipients": _ALL,
    "distribution_groups": _ALL,
    "relay_policies": frozenset({
        "is_enabled", "networks", "identities", "client_certificates", "identity_match", "sender_addresses",
        "send_as_addresses", "recipient_addresses", "is_tls_required", "max_message_size", "time_windows", "timezone",
        "expires_at", "is_broad_override",
    }),
    "mail_flow_rules": _ALL,
    "service_accounts": frozenset({"username", "addresses"}),
    "ip_block_list_providers": _ALL,
    "ip_allow_list_providers": _ALL,
    "ip_allow_list": _ALL,
    "ip_block_list": _ALL,
}  # fmt: skip
_LEAVES = "as whom mail leaves"
_IN_PLACE = frozenset({"max_messages_per_hour", "max_messages_per_day"})
"""Of a new or removed object its fields are not told one by one; but for these, which limit what it grants."""


def unseen(before: MailFlow, after: MailFlow) -> list[str]:
    """Objects and what of them no replay shows, as people read it."""
    changes = diff(before, after)
    told = [*_scope(before, after, changes), *(words for change in changes for words in _told(change))]
    more = [f"{len(told) - TOLD:,} more"] if len(told) > TOLD else []
    return [*told[:TOLD], *more]


def _scope(before: MailFlow, after: MailFlow, changes: Iterable[ObjectChange]) -> Iterator[str]:
    """A replay does not know on which node a message was."""
    connectors = (*before.send_connectors, *after.send_connectors)
    names = dict.fromkeys(one.name for one in connectors if one.is_enabled and one.source_transport_servers)
    if names and any(change.kind == "send_connectors" for change in changes):
        yield f"Ways from each node: it is replayed as if each might use {', '.join(names)}"


def _told(change: ObjectChange) -> Iterator[str]:
    if change.kind in _NO_MAIL:
        return
    name = "" if change.kind == "organization" else f" {change.name}"
    words = _words(change)
    if words:
        yield f"{KIND_LABELS[change.kind]}{name}: {words}"


def _words(change: ObjectChange) -> str:
    seen = _SEEN.get(change.kind, frozenset())
    differing = [one for one in change.fields if one.field not in _ASIDE]
    if change.kind == "address_rewriting":
        return _LEAVES if differing else ""
    if seen is _ALL:
        return ""
    if (change.is_new or change.is_deleted) and seen:
        differing = [one for one in differing if one.field in _IN_PLACE and (one.before or one.after)]
    return ", ".join(label(one.field) for one in differing if one.field not in seen)
