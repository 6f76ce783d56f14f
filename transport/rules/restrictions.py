"""Who may send to a recipient or a group, and how much: Exchange's restrictions, with its status codes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from transport.config.types import format_size
from transport.model.address import Address
from transport.model.reply import Reply
from transport.ports.recipients import EntryKind, RecipientEntry, RecipientLookup
from transport.rules.disclosure import Withheld
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
    """Why this recipient must not get the message. Raises LookupUnavailable where a group cannot be read, Withheld
    where who asks must not know."""
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


def _is_among(ruleset: Ruleset, patterns: tuple[str, ...], sender: Address, lookup: RecipientLookup) -> bool:
    if _compiled(patterns).match(sender):
        return True
    if sender.is_null:
        return False
    keys = _keys_of(ruleset, sender, lookup)
    named = {pattern.lower() for pattern in patterns if "@" in pattern}
    return not named.isdisjoint(keys) or _is_member(ruleset, named, keys, lookup)


def is_member_of_any(ruleset: Ruleset, groups: Iterable[str], address: Address, lookup: RecipientLookup) -> bool:
    """Whether the address is in one of the groups, at any depth. Raises LookupUnavailable, Withheld."""
    return _is_member(ruleset, map(str.lower, groups), _keys_of(ruleset, address, lookup), lookup)


def _keys_of(ruleset: Ruleset, sender: Address, lookup: RecipientLookup) -> frozenset[str]:
    """By which addresses the sender is meant: the one it wrote, and the primary one of the recipient that has it."""
    own = ruleset.own_recipients.find(sender.key) if ruleset.own_recipients is not None else None
    if own is not None:
        return frozenset((sender.key, own.entry.primary_address.lower()))
    if ruleset.accepted_domain(sender.domain) is None:
        return frozenset((sender.key,))
    entry = lookup.find(str(sender))
    return frozenset((sender.key, entry.primary_address.lower() if entry is not None else sender.key))


def _is_member(ruleset: Ruleset, groups: Iterable[str], keys: frozenset[str], lookup: RecipientLookup) -> bool:
    """Whether the sender is in one of the groups, through groups within it at any depth, ours and the directory's.
    Each is asked once, so that a ring of groups ends. A yes of one that may be told needs no other."""
    seen: set[str] = set()
    ahead = list(groups)
    withheld: Withheld | None = None
    while ahead:
        key = ahead.pop()
        if key in seen:
            continue
        seen.add(key)
        try:
            members, inner = _inside(ruleset, key, lookup)
        except Withheld as error:
            withheld = error
            continue
        if not keys.isdisjoint(members):
            return True
        ahead += inner
    if withheld is not None:
        raise withheld
    return False


def _inside(ruleset: Ruleset, group: str, lookup: RecipientLookup) -> tuple[Collection[str], Iterable[str]]:
    """The members of one group, and those of them that may be groups. Raises Withheld."""
    own = ruleset.own_recipients
    if own is not None and own.find(group) is not None:
        members = own.members(group)
        return members, [one for one in members if own.find(one) is None]
    entry = _group(ruleset, group, lookup)
    if entry is None:
        return (), ()
    if entry.is_withheld:
        raise Withheld
    everybody = [one.lower() for one in entry.members]
    return everybody, takewhile(lambda one: _group(ruleset, one, lookup) is not None, everybody)


def _group(ruleset: Ruleset, address: str, lookup: RecipientLookup) -> RecipientEntry | None:
    if ruleset.accepted_domain(address.rpartition("@")[2]) is None:
        return None
    entry = lookup.find(address)
    return entry if entry is not None and entry.kind is EntryKind.GROUP else None
