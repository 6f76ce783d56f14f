"""How urgent a message is, as its header says; asked only where priority queuing is on."""

from __future__ import annotations

from enum import StrEnum


class Priority(StrEnum):
    """Exchange's delivery priority."""

    HIGH = "High"
    NORMAL = "Normal"
    LOW = "Low"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]

    @property
    def rank(self) -> int:
        """The lower goes first; 0 is normal."""
        return _RANKS[self]


_SENTENCES = {
    Priority.HIGH: "Goes before the others of its queue.",
    Priority.NORMAL: "Goes in order of arrival.",
    Priority.LOW: "Goes when no other of its queue is ready.",
}
_RANKS = {Priority.HIGH: -1, Priority.NORMAL: 0, Priority.LOW: 1}
