"""Who holds a message back, why and since when: an operator, or a hold rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Hold:
    """``rule_id`` names the hold rule, empty where an operator chose the message. ``is_removal``: it is on its way out,
    ``with_ndr`` once its sender is told. ``at`` is unix seconds. Texts are an operator's, private."""

    by: str
    reason: str = ""
    at: float = 0.0
    rule_id: str = ""
    is_removal: bool = False
    with_ndr: bool = False

    @property
    def sentence(self) -> str:
        """For operators, never for a sender."""
        what = "removed" if self.is_removal else "holds" if self.rule_id else "suspended"
        who = f"A hold rule of {self.by}" if self.rule_id else self.by
        return f"{who} {what} it: {self.reason}" if self.reason else f"{who} {what} it."

    def row(self) -> dict[str, Any]:
        """As JSON, without what is empty."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Hold:
        """The inverse of ``row``. Raises TypeError."""
        return cls(**{"by": "", **row})
