"""What a replay found, as a value that is kept as JSON: how many answers differ, in groups, with examples."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from mailconsole.changes.explain_link import explain_link
from mailconsole.changes.recorded import RecordedDecision
from mailconsole.changes.services.explanation import Question

FORMAT = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One step of a trail, as people read it; texts came over a wire."""

    name: str
    answer: str
    because: str


@dataclass(frozen=True, slots=True)
class Example:
    """One attempt with both answers and both trails; ``at`` is ISO 8601. ``is_by_time``: it was decided for that
    moment, since a policy looks at the time of day."""

    at: str
    peer: str
    binding: str
    sender: str
    recipient: str
    identity: str
    is_tls: bool
    size_bytes: int
    helo: str
    subject: str
    certificate: str
    is_by_time: bool
    before: str
    after: str
    before_trail: tuple[Line, ...]
    after_trail: tuple[Line, ...]

    @property
    def explain_url(self) -> str:
        """Explain with this attempt; under what is for the page to add."""
        return explain_link(
            Question(
                peer=self.peer,
                binding=self.binding,
                helo=self.helo,
                sender=self.sender,
                recipient=self.recipient,
                identity=self.identity,
                is_tls=self.is_tls,
                size_bytes=self.size_bytes,
                certificate=self.certificate,
                header=f"Subject: {self.subject}" if self.subject and self.subject.isprintable() else "",
            ),
            at=self.moment if self.is_by_time else None,
        )

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True, slots=True)
class Group:
    """Attempts whose answer differs in the same way and that have ``label`` in common: a client, a sender, a rule."""

    label: str
    aspect: str
    before: str
    after: str
    is_opening: bool
    count: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """The groups by one thing, the largest first; ``left_out`` groups and the ``left_out_count`` attempts in them are
    not listed."""

    name: str
    label: str
    groups: tuple[Group, ...]
    left_out: int = 0
    left_out_count: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """``sample`` attempts were decided again, ``distinct`` of them different questions; ``counts`` by aspect.

    ``unasked`` could not be asked again; ``otherwise_then`` got another answer then than the old configuration gives
    today. ``seconds`` is what it took.
    """

    since: str
    until: str
    how: str
    sample: int = 0
    distinct: int = 0
    unasked: int = 0
    otherwise_then: int = 0
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    untold: dict[str, int] = field(default_factory=dict)
    """Mail flow rules that look at what was not recorded, by name, and at how many attempts."""
    withheld_rules: dict[str, int] = field(default_factory=dict)
    """The same of rules that ask who is in a group that hides its members."""
    withheld: int = 0
    """Attempts of which it can't be told whether they are accepted: a recipient asks for such a group."""
    unanswered: dict[str, int] = field(default_factory=dict)
    """Providers of lists in DNS that would be asked about attempts of which no recording has their answer."""
    unseen: list[str] = field(default_factory=list)
    """Objects, and what of them no replay shows."""
    opened: int = 0
    closed: int = 0
    groupings: tuple[Grouping, ...] = ()

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    @property
    def since_at(self) -> datetime:
        return datetime.fromisoformat(self.since)

    def grouping(self, name: str) -> Grouping:
        """The one of that name, else the first."""
        return next((one for one in self.groupings if one.name == name), self.groupings[0])

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"format": FORMAT}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Report:
        """The inverse of ``to_json``. Raises KeyError, TypeError where another version wrote it."""
        if not is_readable(said):
            raise KeyError("format")
        fields = {name: value for name, value in said.items() if name != "format"}
        groupings = tuple(_grouping(one) for one in fields.pop("groupings"))
        return cls(**fields, groupings=groupings)


def is_readable(said: dict[str, Any] | None) -> bool:
    """Whether this version wrote it: another may have told more than people may know."""
    return said is not None and said.get("format") == FORMAT


def example_of(
    decision: RecordedDecision,
    binding: str,
    before: tuple[str, tuple[Line, ...]],
    after: tuple[str, tuple[Line, ...]],
    *,
    is_by_time: bool = False,
) -> Example:
    return Example(
        at=decision.at.isoformat(),
        peer=decision.peer,
        binding=binding,
        sender=decision.sender,
        recipient=decision.recipient,
        identity=decision.identity,
        is_tls=bool(decision.tls),
        size_bytes=decision.size_bytes,
        helo=decision.helo,
        subject=decision.subject or "",
        certificate=decision.certificate,
        is_by_time=is_by_time,
        before=before[0],
        after=after[0],
        before_trail=before[1],
        after_trail=after[1],
    )


def _grouping(said: dict[str, Any]) -> Grouping:
    return Grouping(**{**said, "groups": tuple(_group(one) for one in said["groups"])})


def _group(said: dict[str, Any]) -> Group:
    return Group(**{**said, "examples": tuple(_example(one) for one in said["examples"])})


def _example(said: dict[str, Any]) -> Example:
    trails = {name: tuple(Line(**one) for one in said[name]) for name in ("before_trail", "after_trail")}
    return Example(**{**said, **trails})
