"""What mail flow rules ordered for a message that was accepted, beside what they changed of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from transport.model.address import Address
from transport.model.hold import Hold

_RULE = "The mail flow rule "


class Told(StrEnum):
    """Whom a rule tells something about a message."""

    SENDER = "sender"
    RECIPIENTS = "recipients"
    OTHERS = "others"

    @property
    def sentence(self) -> str:
        return {
            Told.SENDER: "Its sender, what the rule says (NotifySender).",
            Told.RECIPIENTS: "Whom it came for, what the rule says (GenerateNotification).",
            Told.OTHERS: "Whom the rule names, what it found (GenerateIncidentReport).",
        }[self]


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told by a rule, beside what becomes of the message; ``to`` whom, but for the sender."""

    rule_name: str
    text: str
    to: tuple[Address, ...] = ()
    whom: Told = Told.SENDER


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

    def hold(self, at: float) -> Hold:
        """For each recipient of a message that is held or deleted."""
        return Hold(f"{_RULE}{self.by}", at=at, is_removal=self.is_deleted)

    def ordered_again(self, hold: Hold) -> Ruled:
        """Where another node takes the message over from a copy, whose recipients were stored with ``hold``."""
        by = hold.by.removeprefix(_RULE)
        return replace(self, is_held=not hold.is_removal, is_deleted=hold.is_removal, by=by)

    @property
    def kept(self) -> Ruled:
        """What still counts when it is committed."""
        return Ruled(self.connector_id, self.is_tls_required)

    def row(self) -> dict[str, Any]:
        """As JSON, what routing asks again later."""
        return {"connector": self.connector_id, "tls": self.is_tls_required}

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Ruled:
        """The inverse of ``row``. Raises KeyError, TypeError."""
        return cls(connector_id=str(row["connector"]), is_tls_required=bool(row["tls"]))
