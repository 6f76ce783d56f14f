"""What one address of an accepted domain is: of our own, in the directory, or led on by a setting. One step. Pure.

The order is that of the functions below; the first that knows the address answers.
"""

from __future__ import annotations

from dataclasses import dataclass

from transport.config.objects import AcceptedDomain, DomainType
from transport.model.address import Address, InvalidAddress, parse_mailbox
from transport.model.event import EventId
from transport.ports.recipients import EntryKind, RecipientEntry, RecipientLookup
from transport.ports.unavailable import LookupUnavailable
from transport.rules.own_recipients import OwnEntry
from transport.rules.ruleset import Ruleset

POSTMASTER = "postmaster"


class RecipientConflict(LookupUnavailable):
    """Two directory objects hold the address: mail to it waits, never goes to one at random."""


@dataclass(frozen=True, slots=True)
class Found:
    """``entry`` holds the address, and is of our own where ``own`` is set; or a setting leads it to ``leads_to``,
    ``because``, as ``event`` tells; ``kind``, ``object_id`` and ``name`` say which object that is."""

    entry: RecipientEntry | None = None
    own: OwnEntry | None = None
    leads_to: Address | None = None
    because: str = ""
    event: EventId = EventId.RESOLVE
    kind: str = "directory"
    object_id: str = ""
    name: str = "directory"


def find(ruleset: Ruleset, domain: AcceptedDomain, address: Address, lookup: RecipientLookup) -> Found | None:
    """What the address is; None where nobody knows it. Raises LookupUnavailable where only the directory can say."""
    rewritten = _rewritten(ruleset, address) if ruleset.rewriting is not None else None
    if rewritten is not None:
        return rewritten
    try:
        found = _held(ruleset, domain, address, lookup) or _plus(ruleset, domain, address, lookup)
    except LookupUnavailable as error:
        if domain.domain_type is DomainType.AUTHORITATIVE and address.local_part.lower() != POSTMASTER:
            raise
        if isinstance(error, RecipientConflict):
            raise
        found = None
    return found or _postmaster(ruleset, domain, address) or _catch_all(domain, address)


def _rewritten(ruleset: Ruleset, address: Address) -> Found | None:
    """What comes in for the address that the outside sees is for the internal one (exchange.md 5); a whole domain's
    entry leaves alone what is an address of our own."""
    found = ruleset.rewriting.inward(address) if ruleset.rewriting is not None else None
    if found is None:
        return None
    internal, entry = found
    own = ruleset.own_recipients
    if "@" not in entry.external_address and own is not None and own.find(address.key) is not None:
        return None
    because = "The address that the outside sees for it."
    return Found(leads_to=internal, because=because, kind="address_rewriting", object_id=entry.id, name=entry.name)


def _held(ruleset: Ruleset, domain: AcceptedDomain, address: Address, lookup: RecipientLookup) -> Found | None:
    own = ruleset.own_recipients.find(address.key) if ruleset.own_recipients is not None else None
    if own is not None:
        return Found(own.entry, own, kind=own.kind, object_id=own.object_id, name=own.name)
    entry = in_directory(domain, address, lookup)
    return Found(entry) if entry is not None else None


def in_directory(domain: AcceptedDomain, address: Address, lookup: RecipientLookup) -> RecipientEntry | None:
    """The directory's entry. Raises LookupUnavailable, RecipientConflict."""
    if domain.domain_type is DomainType.EXTERNAL_RELAY:
        return None  # exchange.md 5: recipients of others are not looked up
    entry = lookup.find(str(address))
    if entry is not None and entry.kind is EntryKind.CONFLICT:
        raise RecipientConflict(f"two directory objects hold {address}")
    return entry


def _plus(ruleset: Ruleset, domain: AcceptedDomain, address: Address, lookup: RecipientLookup) -> Found | None:
    if not ruleset.organization.is_plus_addressing_enabled:
        return None
    name, plus, _ = address.local_part.partition("+")
    if not plus or not name:
        return None
    base = Address(name, address.domain)
    if _held(ruleset, domain, base, lookup) is None:
        return None
    return Found(leads_to=base, because="Plus addressing.", kind="organization", name="plus addressing")


def _postmaster(ruleset: Ruleset, domain: AcceptedDomain, address: Address) -> Found | None:
    """RFC 5321 4.5.1: every domain that we are the last to know has a postmaster."""
    if address.local_part.lower() != POSTMASTER or domain.domain_type is not DomainType.AUTHORITATIVE:
        return None
    return Found(leads_to=postmaster(ruleset), because="The postmaster.", kind="organization", name=POSTMASTER)


def postmaster(ruleset: Ruleset) -> Address:
    """Where our postmaster's mail goes."""
    configured = ruleset.organization.postmaster_address
    return parse_mailbox(configured) if configured else Address(POSTMASTER, ruleset.document.default_domain)


def _catch_all(domain: AcceptedDomain, address: Address) -> Found | None:
    if not domain.catch_all_address:
        return None
    try:
        target = parse_mailbox(domain.catch_all_address)
    except InvalidAddress:
        return None
    because = f"Nobody has the address; {domain.name} has a catch-all."
    return Found(
        leads_to=target,
        because=because,
        event=EventId.REDIRECT,
        kind="accepted_domains",
        object_id=domain.id,
        name=domain.name,
    )
