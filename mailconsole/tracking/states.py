"""What became of a recipient, and of a message as the sum of its recipients; every value has a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models


class RecipientState(models.TextChoices):
    """The fate of one recipient as the events tell it."""

    PENDING = "pending", "On its way"
    DEFERRED = "deferred", "Deferred"
    SUSPENDED = "suspended", "Suspended"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Failed"
    EXPANDED = "expanded", "Replaced"
    LOST = "lost", "Lost"

    @property
    def sentence(self) -> str:
        return _RECIPIENT_SENTENCES[self]

    @property
    def is_final(self) -> bool:
        return self in (RecipientState.DELIVERED, RecipientState.FAILED, RecipientState.EXPANDED, RecipientState.LOST)


_RECIPIENT_SENTENCES = {
    RecipientState.PENDING: "Accepted; not tried yet, or being tried now.",
    RecipientState.DEFERRED: "The last try did not succeed; it is tried again.",
    RecipientState.SUSPENDED: "Held until an operator resumes it.",
    RecipientState.DELIVERED: "The next hop took responsibility for it.",
    RecipientState.FAILED: "Given up; the sender was told unless that was not wanted.",
    RecipientState.LOST: "Its node was removed while it held the message, and no other node delivers it.",
    RecipientState.EXPANDED: "Other recipients, or a copy of the message, took its place.",
}


class Severity(models.IntegerChoices):
    """How grave it is that a message fits a mail flow rule, by that rule."""

    LOW = 1, "Low"
    MEDIUM = 2, "Medium"
    HIGH = 3, "High"

    @property
    def sentence(self) -> str:
        return f"It fits a mail flow rule with the audit severity {self.label}."


class MessageStatus(models.TextChoices):
    """The fate of a message: what a person needs to know first."""

    PENDING = "pending", "On its way"
    DEFERRED = "deferred", "Deferred"
    SUSPENDED = "suspended", "Suspended"
    DELIVERED = "delivered", "Delivered"
    PARTLY_FAILED = "partly", "Partly failed"
    FAILED = "failed", "Failed"
    HANDED_OVER = "handed", "Handed over"
    LOST = "lost", "Lost with its node"

    @property
    def sentence(self) -> str:
        return _MESSAGE_SENTENCES[self]

    @property
    def is_final(self) -> bool:
        return self not in (MessageStatus.PENDING, MessageStatus.DEFERRED, MessageStatus.SUSPENDED)


_MESSAGE_SENTENCES = {
    MessageStatus.PENDING: "Accepted; some recipient was not tried yet, or is being tried now.",
    MessageStatus.DEFERRED: "Some recipient waits for another try.",
    MessageStatus.SUSPENDED: "Held until an operator resumes it.",
    MessageStatus.DELIVERED: "Every recipient was delivered to the next hop.",
    MessageStatus.PARTLY_FAILED: "Some recipients were delivered, some were given up.",
    MessageStatus.FAILED: "Every recipient was given up.",
    MessageStatus.HANDED_OVER: "Its node was not heard: another delivers it from its copy, and its fate stands there.",
    MessageStatus.LOST: "Its node was removed while it held the message, and no other node delivers it.",
}
_OPEN = (
    (RecipientState.DEFERRED, MessageStatus.DEFERRED),
    (RecipientState.PENDING, MessageStatus.PENDING),
    (RecipientState.SUSPENDED, MessageStatus.SUSPENDED),
)


def summarize(states: Iterable[str]) -> MessageStatus:
    """The message's status from its recipients' states: what is open comes first, then how it ended."""
    seen = set(states)
    for state, status in _OPEN:
        if state in seen:
            return status
    if RecipientState.LOST in seen:
        return MessageStatus.LOST
    if RecipientState.FAILED in seen:
        return MessageStatus.PARTLY_FAILED if RecipientState.DELIVERED in seen else MessageStatus.FAILED
    return MessageStatus.DELIVERED if seen else MessageStatus.PENDING
