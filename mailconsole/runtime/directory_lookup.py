"""The directory's look-up file as the transport's RecipientLookup."""

from __future__ import annotations

from pathlib import Path

from directory.snapshot import Snapshot
from mailconsole.recipients.entries import find_in
from transport.ports.recipients import RecipientEntry


class DirectoryLookup:
    """Answers from the newest look-up file; belongs to the thread of the node's loop."""

    def __init__(self, folder: Path) -> None:
        self._snapshot = Snapshot.open(folder)

    @property
    def version(self) -> object | None:
        """See RecipientLookup; None while there is no file."""
        return self._snapshot.opened

    def find(self, address: str) -> RecipientEntry | None:
        """See RecipientLookup."""
        return find_in(self._snapshot, address)
