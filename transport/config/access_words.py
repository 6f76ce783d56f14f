"""Words for changes of relay policies and service accounts, and of who approves what."""

from __future__ import annotations

from collections.abc import Iterator

from transport.config.diff import FieldChange
from transport.config.phrases import Parts, Say
from transport.config.tellers import Teller, members, on_off


def _match(change: FieldChange) -> Iterator[Parts]:
    """The networks, users and certificates of a relay policy."""
    if change.after == "any":
        yield (Say("is now content with one of its networks, users and certificates"),)
    else:
        yield (Say("now asks for each of networks, users and certificates that it names"),)


def _rate(of: str) -> Teller:
    def tell(change: FieldChange) -> Iterator[Parts]:
        after = f"only {change.after:,}" if change.after is not None else "any number of"
        before = f"{change.before:,}" if change.before is not None else "any number"
        yield (Say(f"now lets a client send {after} messages {of} instead of {before}"),)

    return tell


def _other_password(change: FieldChange) -> Iterator[Parts]:
    yield (Say(f"now takes the password stored as {change.after}, instead of that stored as {change.before}"),)


def _approvals(change: FieldChange) -> Iterator[Parts]:
    yield (Say(f"now needs {change.after or 'no'} approval(s) instead of {change.before or 'none'}"),)


TELLERS: dict[tuple[str, str], Teller] = {
    ("relay_policies", "networks"): members(
        added="now admits {}",
        removed="no longer admits {}",
        emptied="now asks for no network",
        begun="now names {}",
    ),
    ("relay_policies", "client_certificates"): members(
        added="now admits the certificate {}",
        removed="no longer admits the certificate {}",
        emptied="now asks for no certificate",
        begun="now names the certificate {}",
    ),
    ("relay_policies", "identity_match"): _match,
    ("relay_policies", "send_as_addresses"): members(
        added="now lets its users send as {}",
        removed="no longer lets its users send as {}",
        emptied="now lets its users send as what is theirs alone",
        begun="now lets its users send as {}",
    ),
    ("relay_policies", "max_messages_per_hour"): _rate("an hour"),
    ("relay_policies", "max_messages_per_day"): _rate("a day"),
    ("relay_policies", "time_windows"): members(
        added="now grants {} too",
        removed="no longer grants {}",
        emptied="now grants at any time",
        begun="now grants only {}",
    ),
    ("relay_policies", "identities"): members(
        added="now admits the user {}",
        removed="no longer admits the user {}",
        emptied="now asks nobody to sign in",
        begun="now names the user {}",
    ),
    ("relay_policies", "sender_addresses"): members(
        added="may now send as {}",
        removed="may no longer send as {}",
        emptied="may now send as anyone",
        begun="may now send only as {}",
    ),
    ("relay_policies", "recipient_addresses"): members(
        added="may now send to {}",
        removed="may no longer send to {}",
        emptied="may now send to anyone",
        begun="may now send only to {}",
    ),
    ("relay_policies", "is_tls_required"): on_off("now works only over TLS", "now works without TLS too"),
    ("relay_policies", "is_message_size_limit_bypassed"): on_off(
        "is no longer held to the organisation's largest message", "is held to the organisation's largest message again"
    ),
    ("relay_policies", "is_broad_override"): on_off(
        "now says that its broad network is meant", "no longer says that its broad network is meant"
    ),
    ("service_accounts", "addresses"): members(
        added="now owns {}",
        removed="no longer owns {}",
        emptied="now owns no address",
        begun="now owns {}",
    ),
    ("service_accounts", "password_secret"): _other_password,
    ("approval_rules", "approvals"): _approvals,
    ("approval_rules", "kinds"): members(
        added="is now about {} too",
        removed="is no longer about {}",
        emptied="is now about everything",
        begun="is now about {} only",
    ),
    ("approval_rules", "reviewer_groups"): members(
        added="now needs {} to approve too",
        removed="no longer needs {} to approve",
        emptied="may now be approved by any reviewer",
        begun="may now be approved by {} only",
    ),
    ("reviewer_groups", "members"): members(added="gains {}", removed="loses {}", emptied="", begun=""),
}
