"""What a change of one field means, as the rest of a sentence whose subject is the object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from transport.config.diff import FieldChange
from transport.config.phrases import Parts, Say, em, join, label, show
from transport.config.rule_words import action_words, condition_words


def field_words(kind: str, change: FieldChange) -> Iterator[Parts]:
    """The changed field as one clause or more: what is added and what goes are told apart."""
    teller = _TELLERS.get((kind, change.field)) or _TELLERS.get(("", change.field))
    if teller is not None:
        yield from teller(change)
    elif isinstance(change.before, list) and isinstance(change.after, list):
        yield from _list_setting(change)
    else:
        yield (Say(f"changes its {label(change.field)} from {_shown(change, change.before)} to "
                   f"{_shown(change, change.after)}"),)  # fmt: skip


def _shown(change: FieldChange, value: Any) -> str:
    if value is None and not change.field.endswith("_at"):
        return "unlimited" if _is_limit(change.field) else "nothing"
    text = show(change.field, value)
    return f"“{text}”" if change.field in _FREE_TEXT and value else text


_FREE_TEXT = {"comment", "purpose", "owner", "ticket", "banner"}


def _is_limit(field: str) -> bool:
    return field.startswith(("max_", "queue_length_")) or field.endswith("_per_min")


def _list_setting(change: FieldChange) -> Iterator[Parts]:
    gone = [item for item in change.before if item not in change.after]
    new = [item for item in change.after if item not in change.before]
    if new:
        yield (Say(f"adds {show('', new)} to its {label(change.field)}"),)
    if gone:
        yield (Say(f"takes {show('', gone)} from its {label(change.field)}"),)
    if not new and not gone:
        yield (Say(f"changes the order of its {label(change.field)} to {show('', change.after)}"),)


def _on_off(on: str, off: str) -> Callable[[FieldChange], Iterator[Parts]]:
    def tell(change: FieldChange) -> Iterator[Parts]:
        yield (Say(on if change.after else off),)

    return tell


def _members(*, added: str, removed: str, emptied: str, begun: str) -> Callable[[FieldChange], Iterator[Parts]]:
    """A list in which empty means everybody (``emptied``, ``begun``), or else nobody."""

    def tell(change: FieldChange) -> Iterator[Parts]:
        before, after = change.before, change.after
        if not after and emptied:
            yield (Say(f"{emptied}, instead of {join(before)} only"),)
        elif not before and begun:
            yield (Say(begun.format(join(after))),)
        else:
            new, gone = [one for one in after if one not in before], [one for one in before if one not in after]
            yield from [(Say(added.format(join(new))),)] if new else []
            yield from [(Say(removed.format(join(gone))),)] if gone else []

    return tell


def _renamed(change: FieldChange) -> Iterator[Parts]:
    yield (Say("is now called "), em(str(change.after)))


def _expiry(change: FieldChange) -> Iterator[Parts]:
    if change.after is None:
        yield (Say(f"no longer expires (it would have on {show('expires_at', change.before)})"),)
    else:
        before = f" instead of {show('expires_at', change.before)}" if change.before else ""
        yield (Say(f"now expires on {show('expires_at', change.after)}{before}"),)


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


def _other_password(change: FieldChange) -> Iterator[Parts]:
    yield (Say(f"now takes the password stored as {change.after}, instead of that stored as {change.before}"),)


def _certificate_name(change: FieldChange) -> Iterator[Parts]:
    after, before = change.after or "the host's own name", change.before or "the host's own name"
    yield (Say(f"now wants a certificate for {after} instead of {before}"),)


def _other_language(change: FieldChange) -> Iterator[Parts]:
    yield (Say(f"now writes notifications in the language {change.after} instead of {change.before}"),)


def _led(verb: str, otherwise: str) -> Callable[[FieldChange], Iterator[Parts]]:
    """Where mail is led by an address that may be absent."""

    def tell(change: FieldChange) -> Iterator[Parts]:
        before = f" instead of {change.before}" if change.before else ""
        yield (Say(f"{verb} {change.after}{before}" if change.after else f"{otherwise}, no longer to {change.before}"),)

    return tell


def _match(change: FieldChange) -> Iterator[Parts]:
    """The networks, users and certificates of a relay policy."""
    if change.after == "any":
        yield (Say("is now content with one of its networks, users and certificates"),)
    else:
        yield (Say("now asks for each of networks, users and certificates that it names"),)


def _rate(of: str) -> Callable[[FieldChange], Iterator[Parts]]:
    def tell(change: FieldChange) -> Iterator[Parts]:
        after = f"only {change.after:,}" if change.after is not None else "any number of"
        before = f"{change.before:,}" if change.before is not None else "any number"
        yield (Say(f"now lets a client send {after} messages {of} instead of {before}"),)

    return tell


def _approvals(change: FieldChange) -> Iterator[Parts]:
    yield (Say(f"now needs {change.after or 'no'} approval(s) instead of {change.before or 'none'}"),)


def _pieces(tell: Callable[[Any], str], *, added: str, removed: str) -> Callable[[FieldChange], Iterator[Parts]]:
    """Conditions, exceptions or actions of a mail flow rule."""

    def told(change: FieldChange) -> Iterator[Parts]:
        new = [one for one in change.after if one not in change.before]
        gone = [one for one in change.before if one not in change.after]
        yield from ((Say(added.format(tell(one))),) for one in new)
        yield from ((Say(removed.format(tell(one))),) for one in gone)
        if not new and not gone:
            yield (Say(f"changes the order of its {label(change.field)}"),)

    return told


def _place(change: FieldChange) -> Iterator[Parts]:
    yield (Say(f"is now asked at place {change.after} instead of {change.before}"),)


def _begin(change: FieldChange) -> Iterator[Parts]:
    after = f"from {show('activation_at', change.after)} on" if change.after else "at once"
    yield (Say(f"is now in force {after}"),)


def _mode(change: FieldChange) -> Iterator[Parts]:
    if change.after == "Enforce":
        yield (Say(f"now does what it says, instead of only telling ({change.before})"),)
    else:
        yield (Say(f"now only tells what it would do ({change.after}), instead of {change.before}"),)


_ACCEPT_FROM = _members(
    added="now takes mail from {}",
    removed="no longer takes mail from {}",
    emptied="now takes mail from anyone",
    begun="now takes mail only from {}",
)
_REJECT_FROM = _members(
    added="now rejects mail from {}", removed="no longer rejects mail from {}", emptied="", begun=""
)
_AUTHENTICATION = _on_off(
    "now takes mail only from senders who signed in", "now takes mail from senders who did not sign in"
)

_TELLERS: dict[tuple[str, str], Callable[[FieldChange], Iterator[Parts]]] = {
    ("", "name"): _renamed,
    ("", "is_enabled"): _on_off("is now enabled", "is now disabled"),
    ("", "expires_at"): _expiry,
    ("relay_policies", "networks"): _members(
        added="now admits {}",
        removed="no longer admits {}",
        emptied="now asks for no network",
        begun="now names {}",
    ),
    ("relay_policies", "client_certificates"): _members(
        added="now admits the certificate {}",
        removed="no longer admits the certificate {}",
        emptied="now asks for no certificate",
        begun="now names the certificate {}",
    ),
    ("relay_policies", "identity_match"): _match,
    ("relay_policies", "send_as_addresses"): _members(
        added="now lets its users send as {}",
        removed="no longer lets its users send as {}",
        emptied="now lets its users send as what is theirs alone",
        begun="now lets its users send as {}",
    ),
    ("relay_policies", "max_messages_per_hour"): _rate("an hour"),
    ("relay_policies", "max_messages_per_day"): _rate("a day"),
    ("relay_policies", "time_windows"): _members(
        added="now grants {} too",
        removed="no longer grants {}",
        emptied="now grants at any time",
        begun="now grants only {}",
    ),
    ("relay_policies", "identities"): _members(
        added="now admits the user {}",
        removed="no longer admits the user {}",
        emptied="now asks nobody to sign in",
        begun="now names the user {}",
    ),
    ("relay_policies", "sender_addresses"): _members(
        added="may now send as {}",
        removed="may no longer send as {}",
        emptied="may now send as anyone",
        begun="may now send only as {}",
    ),
    ("relay_policies", "recipient_addresses"): _members(
        added="may now send to {}",
        removed="may no longer send to {}",
        emptied="may now send to anyone",
        begun="may now send only to {}",
    ),
    ("relay_policies", "is_tls_required"): _on_off("now works only over TLS", "now works without TLS too"),
    ("relay_policies", "is_broad_override"): _on_off(
        "now says that its broad network is meant", "no longer says that its broad network is meant"
    ),
    ("mail_flow_rules", "conditions"): _pieces(
        condition_words, added="now asks that {}", removed="no longer asks that {}"
    ),
    ("mail_flow_rules", "exceptions"): _pieces(
        condition_words, added="now leaves messages alone if {}", removed="no longer makes an exception if {}"
    ),
    ("mail_flow_rules", "actions"): _pieces(action_words, added="will now {}", removed="will no longer {}"),
    ("mail_flow_rules", "priority"): _place,
    ("mail_flow_rules", "mode"): _mode,
    ("mail_flow_rules", "activation_at"): _begin,
    ("mail_flow_rules", "stop_rule_processing"): _on_off(
        "is now the last rule for messages that fit it", "now lets later rules look at messages that fit it"
    ),
    ("service_accounts", "addresses"): _members(
        added="now owns {}",
        removed="no longer owns {}",
        emptied="now owns no address",
        begun="now owns {}",
    ),
    ("approval_rules", "approvals"): _approvals,
    ("approval_rules", "kinds"): _members(
        added="is now about {} too",
        removed="is no longer about {}",
        emptied="is now about everything",
        begun="is now about {} only",
    ),
    ("approval_rules", "reviewer_groups"): _members(
        added="now needs {} to approve too",
        removed="no longer needs {} to approve",
        emptied="may now be approved by any reviewer",
        begun="may now be approved by {} only",
    ),
    ("reviewer_groups", "members"): _members(added="gains {}", removed="loses {}", emptied="", begun=""),
    ("service_accounts", "password_secret"): _other_password,
    ("organization", "is_back_pressure_enabled"): _on_off(
        "takes less mail again when queue, disk or memory run short",
        "takes mail even when queue, disk or memory run short",
    ),
    ("organization", "is_shadow_redundancy_enabled"): _on_off(
        "now has another node keep a copy of each message before it is accepted",
        "no longer has another node keep a copy of each message",
    ),
    ("organization", "is_message_rejected_on_shadow_failure"): _on_off(
        "now refuses mail of which no other node can keep a copy",
        "now accepts mail of which no other node can keep a copy",
    ),
    ("organization", "is_pickup_enabled"): _on_off(
        "sends the files in the nodes' Pickup directories again", "leaves the files in the nodes' Pickup directories"
    ),
    ("organization", "review_webhook_url"): _led("now tells of changes at", "no longer tells a program of changes"),
    ("organization", "is_webhook_to_own_host_allowed"): _on_off(
        "may now tell of changes at the console's own machine",
        "no longer tells of changes at the console's own machine",
    ),
    ("organization", "dsn_language"): _other_language,
    ("organization", "generate_copy_of_dsn_for"): _members(
        added="now copies the postmaster on failures with {}",
        removed="no longer copies the postmaster on failures with {}",
        emptied="",
        begun="",
    ),
    ("send_connectors", "smart_hosts"): _next_hops,
    ("send_connectors", "home_servers"): _homes,
    ("receive_connectors", "proxy_networks"): _members(
        added="now believes the proxies {} when they name the client",
        removed="no longer believes the proxies {}",
        emptied="",
        begun="",
    ),
    ("organization", "is_priority_queuing_enabled"): _on_off(
        "now delivers within a queue by the priority of messages", "delivers in order of arrival again"
    ),
    ("organization", "is_plus_addressing_enabled"): _on_off(
        "now takes name+anything for name", "no longer takes name+anything for name"
    ),
    ("accepted_domains", "catch_all_address"): _led(
        "now sends mail for unknown recipients to", "now refuses unknown recipients"
    ),
    ("recipients", "forwarding_address"): _led("now forwards to", "now keeps its mail"),
    ("recipients", "deliver_to_mailbox_and_forward"): _on_off(
        "now keeps its mail as well", "no longer keeps what it forwards"
    ),
    ("distribution_groups", "members"): _members(
        added="gains {}", removed="loses {}", emptied="now has no member", begun="now leads to {}"
    ),
    ("distribution_groups", "owner_address"): _led(
        "now sends reports about its members to", "now leaves reports to the sender"
    ),
    **{
        (kind, field): tell
        for kind in ("recipients", "distribution_groups")
        for field, tell in (
            ("is_sender_authentication_required", _AUTHENTICATION),
            ("accept_messages_only_from", _ACCEPT_FROM),
            ("reject_messages_from", _REJECT_FROM),
        )
    },
    ("address_rewriting", "is_outbound_only"): _on_off(
        "now leaves mail that comes in alone", "now rewrites mail that comes in too"
    ),
    ("send_connectors", "retry_ladder"): _own_ladder,
    ("send_connectors", "tls_domain"): _certificate_name,
    ("send_connectors", "is_helo_forced"): _on_off("now says HELO, so without TLS", "now says EHLO again"),
    ("send_connectors", "is_client_certificate_shown"): _on_off(
        "now shows the node's certificate", "no longer shows the node's certificate"
    ),
    ("send_connectors", "is_mta_sts_enabled"): _on_off(
        "now keeps to the TLS policies of domains (MTA-STS)", "no longer keeps to the TLS policies of domains (MTA-STS)"
    ),
    ("send_connectors", "is_tls_required_no_honoured"): _on_off(
        "now lets senders waive a domain's TLS policy (TLS-Required: No)",
        "no longer lets senders waive a domain's TLS policy (TLS-Required: No)",
    ),
    ("send_connectors", "source_transport_servers"): _members(
        added="may now be used by {}",
        removed="may no longer be used by {}",
        emptied="may now be used by every node",
        begun="may now be used by {} only",
    ),
    ("send_connectors", "is_private_address_allowed"): _on_off(
        "may now deliver to private addresses that DNS names", "no longer delivers to private addresses that DNS names"
    ),
    ("send_connectors", "is_dns_failure_downgraded"): _on_off(
        "now tries domains that DNS does not know until the message expires",
        "now gives up at once where DNS does not know the domain",
    ),
    ("send_connectors", "downgraded_replies"): _members(
        added="now tries again after {}",
        removed="no longer tries again after {}",
        emptied="",
        begun="",
    ),
    ("send_connectors", "upgraded_replies"): _members(
        added="now gives up after {}",
        removed="no longer gives up after {}",
        emptied="",
        begun="",
    ),
    ("accepted_domains", "is_default"): _on_off("is now the default domain", "is no longer the default domain"),
    ("accepted_domains", "match_subdomains"): _on_off(
        "now covers its subdomains too", "no longer covers its subdomains"
    ),
}
