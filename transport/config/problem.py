"""What validation finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a problem stops a change."""

    ERROR = "error"
    WARNING = "warning"

    @property
    def sentence(self) -> str:
        return {
            Severity.ERROR: "The change can't be published until this is mended.",
            Severity.WARNING: "The change can be published; whoever reviews it should know.",
        }[self]


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: section, identity and field of the object to mend, and a sentence that says how."""

    kind: str
    object_id: str
    field: str
    sentence: str
    severity: Severity = Severity.ERROR
