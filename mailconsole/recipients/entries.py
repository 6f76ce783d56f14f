"""An entry of the look-up file as the rules of mail flow read it."""

from __future__ import annotations

from directory.snapshot import SnapshotEntry
from transport.rules.admission import EntryKind, RecipientEntry, SenderRestrictions


def entry_of(found: SnapshotEntry) -> RecipientEntry:
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
