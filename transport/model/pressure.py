"""Back pressure as values: what is measured, how scarce it is, and since when (Exchange's ResourceThrottling)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How scarce a resource is: Exchange's utilisation levels."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"

    @property
    def sentence(self) -> str:
        return _LEVEL_SENTENCES[self]

    @property
    def rank(self) -> int:
        return _RANKS[self]


_LEVEL_SENTENCES = {
    Level.LOW: "There is enough: all mail is taken.",
    Level.MEDIUM: "It gets scarce: mail from outside and from the pickup directory waits; users and networks with a "
    "relay policy still send.",
    Level.HIGH: "It is used up: no new mail is taken (452 4.3.1). What is here is delivered.",
}
_RANKS = {Level.LOW: 0, Level.MEDIUM: 1, Level.HIGH: 2}


class Resource(StrEnum):
    """What is measured."""

    QUEUE_LENGTH = "Queue length"
    SPOOL_DISK_USED = "Spool disk used"
    SPOOL_DISK_FREE = "Spool disk free"
    MEMORY = "Memory"

    @property
    def sentence(self) -> str:
        return _RESOURCE_SENTENCES[self]


_RESOURCE_SENTENCES = {
    Resource.QUEUE_LENGTH: "Messages in the node's spool.",
    Resource.SPOOL_DISK_USED: "The share of the disk with the spool that is in use, in percent.",
    Resource.SPOOL_DISK_FREE: "What is left on the disk with the spool, in octets.",
    Resource.MEMORY: "The share of the machine's memory that the node's process holds, in percent.",
}


@dataclass(frozen=True, slots=True)
class ResourceState:
    """One resource now. ``value`` and the limits are in the resource's unit; a limit of None is never reached.

    ``since`` is when it took its level (unix seconds); ``above`` counts readings in a row that ask for a higher one.
    ``sentence`` says the value and what the next limit is.
    """

    resource: Resource
    level: Level
    value: float
    medium: float | None
    high: float | None
    since: float
    sentence: str
    above: int = 0

    @property
    def share(self) -> float:
        """Value as a share of the limit for High, 0 to 1, for a gauge; for free space the other way round."""
        if self.high is None:
            return 0.0
        if self.resource is Resource.SPOOL_DISK_FREE:
            return 1.0 if self.value <= 0 else min(self.high / self.value, 1.0)
        return min(self.value / self.high, 1.0) if self.high else 1.0
