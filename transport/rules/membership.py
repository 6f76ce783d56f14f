"""Who is in a group, through groups within it at any depth, ours and the directory's. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import takewhile

from transport.model.address import Address
from transport.ports.recipients import EntryKind, RecipientEntry, RecipientLookup
from transport.ports.unavailable import LookupUnavailable
from transport.rules.disclosure import Withheld
from transport.rules.kept_members import Members
from transport.rules.ruleset import Ruleset


def keys_of(ruleset: Ruleset, address: Address, lookup: RecipientLookup) -> frozenset[str]:
    """By which addresses one is meant: the one it wrote, and the primary one of the recipient that has it.
    Raises LookupUnavailable."""
    own = ruleset.own_recipients.find(address.key) if ruleset.own_recipients is not None else None
    if own is not None:
        return frozenset((address.key, own.entry.primary_address.lower()))
    if ruleset.accepted_domain(address.domain) is None:
        return frozenset((address.key,))
    entry = sure(lookup.find(str(address)))
    return frozenset((address.key, entry.primary_address.lower() if entry is not None else address.key))


class SenderConflict(LookupUnavailable):
    """Several directory objects claim the sender's address, and it matters which of them is meant."""


def meant(ruleset: Ruleset, address: Address, lookup: RecipientLookup) -> tuple[frozenset[str], ...]:
    """By which addresses each is meant whose the address may be: of one, or of several where the directory has a
    conflict. Raises LookupUnavailable."""
    own = ruleset.own_recipients.find(address.key) if ruleset.own_recipients is not None else None
    if own is None and ruleset.accepted_domain(address.domain) is not None:
        entry = lookup.find(str(address))
        if entry is not None and entry.kind is EntryKind.CONFLICT and entry.claimed_by:
            return tuple(frozenset((primary.lower(),)) for primary in entry.claimed_by)
    return (keys_of(ruleset, address, lookup),)


def is_kept_member(ruleset: Ruleset, groups: frozenset[str], keys: frozenset[str], lookup: RecipientLookup) -> bool:
    """``is_member`` for who asks again and again: the groups are read once for as long as the directory says the same.
    Raises LookupUnavailable, Withheld."""
    version = getattr(lookup, "version", None)
    if version is None:
        return is_member(ruleset, groups, keys, lookup)
    return ruleset.kept_members.of(version, groups, lambda: members(ruleset, groups, lookup)).hold(keys)


def sure(entry: RecipientEntry | None) -> RecipientEntry | None:
    """The entry that one object alone has. Raises LookupUnavailable where two claim the address: neither is meant for
    certain (law 6)."""
    if entry is not None and entry.kind is EntryKind.CONFLICT:
        raise LookupUnavailable(f"more than one object of the directory claims {entry.address}")
    return entry


def is_member(ruleset: Ruleset, groups: Iterable[str], keys: frozenset[str], lookup: RecipientLookup) -> bool:
    """Whether one with these keys is in one of the groups. Raises LookupUnavailable where a group can't be read,
    Withheld; a yes of one that may be told needs no other."""
    return any(not keys.isdisjoint(members) for members in _each(ruleset, groups, lookup))


def members(ruleset: Ruleset, groups: Iterable[str], lookup: RecipientLookup) -> Members:
    """Everybody in the groups: for who asks about many, so that each group is read once."""
    found: set[str] = set()
    try:
        for some in _each(ruleset, map(str.lower, groups), lookup):
            found.update(some)
    except LookupUnavailable as error:
        return Members(frozenset(found), error)
    return Members(frozenset(found))


def _each(ruleset: Ruleset, groups: Iterable[str], lookup: RecipientLookup) -> Iterator[Collection[str]]:
    """The members of each of the groups and of those within. Each is asked once, so that a ring of groups ends. One
    that is withheld is told at the end."""
    seen: set[str] = set()
    ahead = list(groups)
    withheld: Withheld | None = None
    while ahead:
        key = ahead.pop()
        if key in seen:
            continue
        seen.add(key)
        try:
            found, inner = _inside(ruleset, key, lookup)
        except Withheld as error:
            withheld = error
            continue
        yield found
        ahead += inner
    if withheld is not None:
        raise withheld


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
