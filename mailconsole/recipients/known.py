"""The directory for those who decide again what nodes decided: by the nodes' own file."""

from __future__ import annotations

from collections.abc import Callable

from directory.errors import SnapshotUnavailable
from directory.snapshot import Snapshot
from mailconsole.recipients.entries import entry_of
from mailconsole.recipients.services.snapshot import snapshot_folder
from transport.rules.admission import LookupUnavailable, RecipientEntry


def open_directory() -> Callable[[str], RecipientEntry | None]:
    """Opens the newest look-up file of this machine; belongs to the calling thread."""
    snapshot = Snapshot.open(snapshot_folder())

    def find(address: str) -> RecipientEntry | None:
        try:
            entry = snapshot.find(address)
        except SnapshotUnavailable as error:
            raise LookupUnavailable(str(error).rstrip(".")) from error
        return None if entry is None else entry_of(entry)

    return find
