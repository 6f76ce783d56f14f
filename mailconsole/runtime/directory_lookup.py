"""The directory's look-up file as the transport's RecipientLookup."""

from __future__ import annotations

from pathlib import Path

from directory.errors import SnapshotUnavailable
from directory.snapshot import Snapshot
from mailconsole.recipients.entries import entry_of
from transport.ports.recipients import RecipientEntry
from transport.ports.unavailable import LookupUnavailable


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
        return None if entry is None else entry_of(entry)
