"""A question about an attempt, and its answer step by step: values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from transport.model.verdict import Verdict
from transport.rules import routing
from transport.rules.recipients import Resolution

EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""What may be asked for: in every time zone it is a time that can be told."""


class Directory(StrEnum):
    """What the directory answers about the recipient."""

    ASK = ""
    KNOWN = "known"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"

    @property
    def sentence(self) -> str:
        return _DIRECTORY_SENTENCES[self]


_DIRECTORY_SENTENCES = {
    Directory.ASK: "As the directory says",
    Directory.KNOWN: "As if it knew the recipient",
    Directory.UNKNOWN: "As if it didn't know the recipient",
    Directory.UNAVAILABLE: "As if it could not answer",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One attempt that was or might be made. ``sender`` is empty for the null reverse-path, ``recipient`` where none
    was given yet; ``certificate`` is the SHA-256 fingerprint of a client certificate that verified; ``header`` is the
    message's, for mail flow rules."""

    peer: str
    binding: str
    sender: str
    recipient: str
    helo: str = ""
    identity: str = ""
    is_tls: bool = False
    size_bytes: int = 0
    certificate: str = ""
    header: str = ""


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step of the trail as pages show it."""

    kind: str
    object_id: str
    name: str
    tone: str
    answer: str
    because: str


@dataclass(frozen=True, slots=True)
class Way:
    """Where an accepted message would go: the addresses that share a route. ``nodes`` names those that go that way,
    where not all go the same; ``only_on`` those that may, where it is not known which there are."""

    addresses: tuple[str, ...]
    route: routing.Route
    nodes: tuple[str, ...] = ()
    only_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SentOn:
    """Whom a mail flow rule sends it to, instead of the recipient (Redirected) or besides (Added)."""

    word: str
    addresses: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, how it was found, what would become of the recipient, and where an accepted message would go."""

    verdict: Verdict
    trail: tuple[ExplainedStep, ...]
    resolution: Resolution | None = None
    ways: tuple[Way, ...] = ()
    is_deleted: bool = False
    """Accepted, and then deleted by a mail flow rule."""
    is_waiting: bool = False
    """Accepted, but who gets it can't be told while the directory does not answer."""
    withheld_rules: tuple[str, ...] = ()
    """Mail flow rules of which this reader must not know whether they fit: they are passed over here."""
    sent_on: tuple[SentOn, ...] = ()
    held_by: str = ""
    """The mail flow rule that suspends it until somebody looks at it."""
    is_without_recipient: bool = False
    """Accepted as far as the sender: no recipient was given."""
