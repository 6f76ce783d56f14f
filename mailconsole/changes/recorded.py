"""What a change needs to know of the past, as protocols: tracking and the directory plug themselves in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from transport.model.verdict import Answer


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """One attempt of the past: a refused command, or one recipient of an accepted message.

    Texts came over a wire. ``binding`` may be empty where only the connector was kept; ``tls`` is empty for none;
    ``recipient`` is empty where none was given yet.
    """

    at: datetime
    peer: str
    connector_id: str
    sender: str
    recipient: str
    binding: str = ""
    helo: str = ""
    identity: str = ""
    tls: str = ""
    size_bytes: int = 0
    reply: str = ""


class DecisionSource(Protocol):
    """Gives the newest decisions first, at most ``limit``, none before ``since``."""

    def __call__(self, *, since: datetime, limit: int) -> Iterable[RecordedDecision]: ...


Knows = Callable[[str], Answer]
"""Whether the directory holds an address: yes, no, cannot tell."""


_plugged: dict[str, Any] = {}


def register_decisions(source: DecisionSource) -> None:
    """Plug in where recorded decisions come from; called in `AppConfig.ready`."""
    _plugged["decisions"] = source


def register_directory(open_directory: Callable[[], Knows]) -> None:
    """Plug in the directory, opened anew for each impact; called in `AppConfig.ready`."""
    _plugged["directory"] = open_directory


def decisions() -> DecisionSource | None:
    found: DecisionSource | None = _plugged.get("decisions")
    return found


def directory() -> Knows:
    """The directory of this moment; one that cannot tell where none is plugged in."""
    found: Callable[[], Knows] | None = _plugged.get("directory")
    return found() if found is not None else lambda address: Answer.CANNOT_TELL
