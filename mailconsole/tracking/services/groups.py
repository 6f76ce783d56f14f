"""Rows of plain messages, whose recipients all had the same fate: most of what they hold is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(slots=True)
class RecipientGroup:
    """Recipients that a message came to and left together: values that all of their rows have, and their own, one
    recipient after the other. They wait for no next attempt: Python's SQLite takes longer for a NULL than for ten
    texts."""

    SHARED_COLUMNS: ClassVar = (
        "message_id", "received_at", "state", "attempts", "next_hop", "last_reply", "last_reason", "updated_at",
    )  # fmt: skip
    OWN_COLUMNS: ClassVar = ("address", "address_key", "domain")

    shared: tuple[Any, ...]
    own: tuple[str, ...]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """In the order of GROUP_COLUMNS."""
        for start in range(0, len(self.own), len(self.OWN_COLUMNS)):
            yield self.shared + self.own[start : start + len(self.OWN_COLUMNS)]


GROUP_COLUMNS = RecipientGroup.SHARED_COLUMNS + RecipientGroup.OWN_COLUMNS


@dataclass(slots=True)
class PlainRows:
    """Values of plain messages, and of recipients in the order of GROUP_COLUMNS, one row after the other; and large
    groups."""

    messages: list[Any] = field(default_factory=list)
    recipients: list[Any] = field(default_factory=list)
    groups: list[RecipientGroup] = field(default_factory=list)


def once_for_each(domains: Sequence[str]) -> list[str]:
    """The first recipient in each domain has it, the others have none: a search by domain looks for messages."""
    seen = {""}
    return [domain if domain not in seen and not seen.add(domain) else "" for domain in domains]  # type: ignore[func-returns-value]
