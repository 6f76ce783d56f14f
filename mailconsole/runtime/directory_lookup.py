"""The directory's look-up file as the transport's RecipientLookup."""

from __future__ import annotations

from pathlib import Path

from directory.errors import SnapshotUnavailable
from directory.snapshot import Snapshot, SnapshotEntry
from transport.ports import EntryKind, LookupUnavailable, RecipientEntry, SenderRestrictions

_SIGNED_IN = SenderRestrictions(is_authentication_required=True)


class DirectoryLookup:
    """Answers from the newest look-up file; belongs to the thread of the node's loop."""

    def __init__(self, folder: Path) -> None:
        self._snapshot = Snapshot.open(folder)

    def find(self, address: str) -> RecipientEntry | None:
        """See RecipientLookup."""
        try:
            entry = self._snapshot.find(address)
        except SnapshotUnavailable as error:
            raise LookupUnavailable(str(error).rstrip(".")) from error
        return None if entry is None else _entry(entry)


def _entry(found: SnapshotEntry) -> RecipientEntry:
    return RecipientEntry(
        address=found.address,
        kind=_kind(found),
        primary_address=found.primary_address,
        # A target address is where the mailbox really is; a forwarding address is the recipient's wish.
        forward_to=found.forwarding_address or found.target_address or "",
        deliver_and_forward=found.deliver_and_redirect and bool(found.forwarding_address),
        members=found.members,
        restrictions=_SIGNED_IN if found.require_auth else None,
        max_receive_bytes=(found.max_receive_size_kib or 0) * 1024,
    )


def _kind(found: SnapshotEntry) -> EntryKind:
    if found.is_conflict:
        return EntryKind.CONFLICT
    if found.kind.is_group:
        return EntryKind.GROUP
    return EntryKind.CONTACT if found.kind.value == "contact" else EntryKind.MAILBOX
