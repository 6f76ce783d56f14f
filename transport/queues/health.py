"""What a queue knows of its next hop: failures in a row to reach it, when it is tried again, what it said."""

from __future__ import annotations

from transport.model.envelope import Recipient
from transport.model.outcome import Outcome, OutcomeKind


class Health:
    """``failure`` is the outcome of the last failure to reach it, None while it is reached. Times are unix seconds.

    ``last_reply`` is the last that was no yes, ``said`` the last of any kind.
    """

    __slots__ = (
        "failure",
        "failures",
        "first_retry_at",
        "last_error",
        "last_reply",
        "last_retry_at",
        "next_retry_at",
        "said",
    )

    def __init__(self) -> None:
        self.failure: Outcome | None = None
        self.failures = 0
        self.first_retry_at = 0.0
        self.last_retry_at = 0.0
        self.next_retry_at = 0.0
        self.last_error = ""
        self.last_reply = ""
        self.said = ""

    def failed(self, outcome: Outcome, now: float) -> None:
        """It could not be reached, or would take nothing at all."""
        self.learn(outcome)
        self.last_error = outcome.reason or self.last_reply
        self.failure = outcome
        self.failures += 1
        self.last_retry_at = now
        if self.failures == 1:
            self.first_retry_at = now

    def learn(self, outcome: Outcome | None) -> None:
        """Remember why something was not delivered."""
        if outcome is not None and outcome.kind is not OutcomeKind.DELIVERED:
            self.last_reply = self.said = str(outcome.reply) if outcome.reply is not None else ""
            if outcome.kind is OutcomeKind.DEFERRED:  # what failed for good is not why anything waits
                self.last_error = outcome.reason or self.last_reply

    def remember(self, recipient: Recipient) -> None:
        """After a restart: what the spool knows of the last try."""
        self.last_error = self.last_error or recipient.last_reason or recipient.last_reply
        self.last_reply = self.last_reply or recipient.last_reply

    def delivered(self, outcome: Outcome) -> None:
        """It took a message: all is well."""
        self.took(str(outcome.reply) if outcome.reply is not None else "")

    def took(self, reply: str) -> None:
        """``delivered``, with what it said."""
        self.said = reply
        if self.failures:
            self.failures = 0
            self.failure = None
            self.first_retry_at = 0.0
