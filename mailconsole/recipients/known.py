"""Whether the directory holds an address, for those who decide again what nodes decided: by the nodes' own file."""

from __future__ import annotations

from collections.abc import Callable

from directory.errors import SnapshotUnavailable
from directory.snapshot import Snapshot
from mailconsole.recipients.services.snapshot import snapshot_folder
from transport.model.verdict import Answer


def open_directory() -> Callable[[str], Answer]:
    """Opens the newest look-up file of this machine; belongs to the calling thread."""
    snapshot = Snapshot.open(snapshot_folder())

    def knows(address: str) -> Answer:
        try:
            entry = snapshot.find(address)
        except SnapshotUnavailable:
            return Answer.CANNOT_TELL
        if entry is None:
            return Answer.NO
        return Answer.CANNOT_TELL if entry.is_conflict else Answer.YES

    return knows
