"""What mail flow rules ordered for a message that was accepted, beside what they changed of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Notice:
    """What the sender is told by a rule, beside what becomes of the message."""

    rule_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Ruled:
    """``connector_id``: the send connector it goes by, whatever the address spaces say. ``by`` names the rule that
    holds the message, or deletes it. The last three count only until it is committed."""

    connector_id: str = ""
    is_tls_required: bool = False
    is_held: bool = False
    is_deleted: bool = False
    by: str = ""
    notices: tuple[Notice, ...] = ()

    def row(self) -> dict[str, Any]:
        """As JSON, what routing asks again later."""
        return {"connector": self.connector_id, "tls": self.is_tls_required}

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Ruled:
        """The inverse of ``row``. Raises KeyError, TypeError."""
        return cls(connector_id=str(row["connector"]), is_tls_required=bool(row["tls"]))
