"""Who gets a message: aliases, forwarding, contacts and groups resolved to addresses to deliver to. Pure.

Loops are harmless: an address is visited once. LookupUnavailable passes through: the caller waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from transport.config.objects import DomainType
from transport.model.address import Address, InvalidAddress, parse_mailbox
from transport.model.event import EventId
from transport.ports import EntryKind, LookupUnavailable, RecipientEntry, RecipientLookup
from transport.rules.ruleset import Ruleset

MAX_DEPTH = 20
MAX_MEMBERS = 100_000


class RecipientConflict(LookupUnavailable):
    """Two directory objects hold the address: mail to it waits, never goes to one at random."""


@dataclass(frozen=True, slots=True)
class Change:
    """One step of resolution worth a tracking event: RESOLVE or EXPAND of ``address`` to ``to``."""

    event: EventId
    address: Address
    to: tuple[Address, ...]
    because: str


@dataclass(slots=True)
class Resolution:
    """``addresses`` to deliver to, each once, in order; ``changes`` that led there; ``problems`` for the operator."""

    addresses: list[Address] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def resolve(ruleset: Ruleset, address: Address, lookup: RecipientLookup) -> Resolution:
    """Resolve one recipient. Raises LookupUnavailable when the directory is needed and cannot answer."""
    result = Resolution()
    _visit(ruleset, address, lookup, result, seen=set(), depth=0)
    return result


def _visit(
    ruleset: Ruleset, address: Address, lookup: RecipientLookup, result: Resolution, *, seen: set[str], depth: int
) -> None:
    if not address.domain:
        address = _postmaster(ruleset)
    if address.key in seen:
        return
    seen.add(address.key)
    entry = _entry(ruleset, address, lookup)
    if entry is None:
        result.addresses.append(address)
    elif depth >= MAX_DEPTH:
        result.problems.append(f"{address}: groups or forwarding deeper than {MAX_DEPTH} levels")
    else:
        _follow(ruleset, address, entry, lookup, result, seen=seen, depth=depth)


def _follow(
    ruleset: Ruleset,
    address: Address,
    entry: RecipientEntry,
    lookup: RecipientLookup,
    result: Resolution,
    *,
    seen: set[str],
    depth: int,
) -> None:
    if entry.kind is EntryKind.GROUP:
        to = _parsed(entry.members[:MAX_MEMBERS], result)
        result.changes.append(Change(EventId.EXPAND, address, to, f"Group of {len(entry.members)} members."))
        targets: Sequence[Address] = to
    elif entry.forward_to:
        targets = _parsed((entry.forward_to,), result)
        keeps = "delivered and forwarded" if entry.deliver_and_forward else "forwarded"
        result.changes.append(Change(EventId.RESOLVE, address, tuple(targets), f"The recipient is {keeps}."))
        if entry.deliver_and_forward:
            result.addresses.append(address)
    else:
        _deliver_to_primary(address, entry, result, seen)
        return
    for target in targets:
        _visit(ruleset, target, lookup, result, seen=seen, depth=depth + 1)


def _deliver_to_primary(address: Address, entry: RecipientEntry, result: Resolution, seen: set[str]) -> None:
    """Exchange rewrites to the primary address; ORCPT keeps what was asked."""
    primary = next(iter(_parsed((entry.primary_address,), result)), address)
    if primary.key == address.key:
        result.addresses.append(address)
        return
    result.changes.append(Change(EventId.RESOLVE, address, (primary,), "The primary address of the recipient."))
    if primary.key not in seen:
        seen.add(primary.key)
        result.addresses.append(primary)


def _entry(ruleset: Ruleset, address: Address, lookup: RecipientLookup) -> RecipientEntry | None:
    """The directory's entry for an address of an accepted domain; other addresses are not looked up."""
    domain = ruleset.accepted_domain(address.domain)
    if domain is None:
        return None
    try:
        entry = lookup.find(str(address))
    except LookupUnavailable:
        if domain.domain_type is DomainType.AUTHORITATIVE:
            raise
        return None
    if entry is not None and entry.kind is EntryKind.CONFLICT:
        raise RecipientConflict(f"two directory objects hold {address}")
    return entry


def _parsed(texts: Sequence[str], result: Resolution) -> tuple[Address, ...]:
    addresses = []
    for text in texts:
        try:
            addresses.append(parse_mailbox(text))
        except InvalidAddress as error:
            result.problems.append(f"{text!r} in the directory is not an address: {error}")
    return tuple(addresses)


def _postmaster(ruleset: Ruleset) -> Address:
    """RFC 5321 4.5.1: postmaster without a domain is ours."""
    configured = ruleset.organization.postmaster_address
    if configured:
        return parse_mailbox(configured)
    return Address("postmaster", ruleset.document.default_domain)
