"""Who may send to a recipient or a group, and how much: Exchange's restrictions, with its status codes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from transport.config.types import format_size
from transport.model.address import Address
from transport.model.reply import Reply
from transport.ports.recipients import EntryKind, RecipientEntry, RecipientLookup
from transport.rules.membership import SenderConflict, is_kept_member, meant
from transport.rules.patterns import AddressPatterns
from transport.rules.ruleset import Ruleset

# exchange.md 9: 5.7.124 and 5.7.133 to 5.7.136
NOT_ALLOWED = {
    EntryKind.GROUP: Reply(550, "5.7.124", "Sender is not allowed to send to this group"),
    EntryKind.MAILBOX: Reply(550, "5.7.1", "Sender is not allowed to send to this recipient"),
}
NOT_AUTHENTICATED = {
    EntryKind.GROUP: Reply(550, "5.7.133", "Sender not authenticated for group"),
    EntryKind.MAILBOX: Reply(550, "5.7.134", "Sender was not authenticated for mailbox"),
    EntryKind.CONTACT: Reply(550, "5.7.136", "Sender was not authenticated for mail user"),
}
TOO_LARGE = Reply(552, "5.2.3", "Message too large for this recipient")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: the envelope sender, and whether they signed in (our own notifications count as signed in)."""

    address: Address
    is_authenticated: bool


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a recipient does not take the message: for the peer, and for the operator."""

    reply: Reply
    because: str


def objection(
    ruleset: Ruleset, entry: RecipientEntry, sender: Sender, *, size_bytes: int, lookup: RecipientLookup
) -> Objection | None:
    """Why this recipient must not get the message. Raises LookupUnavailable where a group cannot be read,
    SenderConflict where it depends on which of several objects the sender is, Withheld where who asks must not know."""
    if entry.max_receive_bytes and size_bytes > entry.max_receive_bytes:
        limit = format_size(entry.max_receive_bytes)
        return Objection(TOO_LARGE, f"{entry.primary_address} takes messages up to {limit}.")
    limits = entry.restrictions
    if limits is None:
        return None
    if limits.is_authentication_required and not sender.is_authenticated:
        reply = NOT_AUTHENTICATED.get(entry.kind, NOT_AUTHENTICATED[EntryKind.MAILBOX])
        return Objection(reply, f"{entry.primary_address} takes mail only from senders who signed in.")
    not_allowed = NOT_ALLOWED.get(entry.kind, NOT_ALLOWED[EntryKind.MAILBOX])
    who = str(sender.address) or "the null sender"
    if limits.reject_from and _is_among(ruleset, limits.reject_from, sender.address, lookup):
        return Objection(not_allowed, f"{entry.primary_address} rejects messages from {who}.")
    if limits.accept_from and not _is_among(ruleset, limits.accept_from, sender.address, lookup):
        return Objection(not_allowed, f"{who} is not among those {entry.primary_address} accepts messages from.")
    return None


@lru_cache(maxsize=4096)
def _compiled(patterns: tuple[str, ...]) -> AddressPatterns:
    return AddressPatterns(patterns)


@lru_cache(maxsize=4096)
def _named(patterns: tuple[str, ...]) -> frozenset[str]:
    return frozenset(pattern.lower() for pattern in patterns if "@" in pattern)


def _is_among(ruleset: Ruleset, patterns: tuple[str, ...], sender: Address, lookup: RecipientLookup) -> bool:
    if _compiled(patterns).match(sender):
        return True
    if sender.is_null:
        return False
    named = _named(patterns)
    answers = {
        not named.isdisjoint(keys) or is_kept_member(ruleset, named, keys, lookup)
        for keys in meant(ruleset, sender, lookup)
    }
    if len(answers) > 1:  # law 6: one of those who claim the address is among them, another is not
        raise SenderConflict(f"more than one object of the directory claims {sender}")
    return answers.pop()
