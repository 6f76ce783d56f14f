"""An entry of the look-up file as the rules of mail flow read it."""

from __future__ import annotations

from functools import partial

from directory.errors import SnapshotUnavailable
from directory.snapshot import Snapshot, SnapshotEntry
from transport.rules.admission import (
    AttributeReader,
    EntryKind,
    LookupUnavailable,
    RecipientEntry,
    SenderRestrictions,
    no_attributes,
)


def find_in(snapshot: Snapshot, address: str) -> RecipientEntry | None:
    """What the look-up file says of an address. Raises LookupUnavailable."""
    try:
        found = snapshot.find(address)
    except SnapshotUnavailable as error:
        raise LookupUnavailable(str(error).rstrip(".")) from error
    return None if found is None else entry_of(found, partial(_attributes, snapshot, found.object_guid))


def _attributes(snapshot: Snapshot, object_guid: str) -> tuple[str, ...]:
    try:
        return snapshot.attributes_of(object_guid)
    except SnapshotUnavailable as error:
        raise LookupUnavailable(str(error).rstrip(".")) from error


def entry_of(found: SnapshotEntry, attributes: AttributeReader = no_attributes) -> RecipientEntry:
    return RecipientEntry(
        address=found.address,
        kind=_kind(found),
        primary_address=found.primary_address,
        # A target address is where the mailbox really is; a forwarding address is the recipient's wish.
        forward_to=found.forwarding_address or found.target_address or "",
        deliver_and_forward=found.deliver_and_redirect and bool(found.forwarding_address),
        members=found.members,
        restrictions=_restrictions(found),
        max_receive_bytes=(found.max_receive_size_kib or 0) * 1024,
        home_server=found.home_server or "",
        claimed_by=found.claimed_by,
        attributes=attributes,
    )


def _restrictions(found: SnapshotEntry) -> SenderRestrictions | None:
    if not (found.require_auth or found.accept_from or found.reject_from):
        return None
    return SenderRestrictions(found.require_auth, found.accept_from, found.reject_from)


def _kind(found: SnapshotEntry) -> EntryKind:
    if found.is_conflict:
        return EntryKind.CONFLICT
    if found.kind.is_group:
        return EntryKind.GROUP
    return EntryKind.CONTACT if found.kind.value == "contact" else EntryKind.MAILBOX
