"""Why a connection could not be made, or ended: one exception that carries the outcome for those who waited for it."""

from __future__ import annotations

from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.model.reply import Reply


class ConnectionFailed(Exception):
    """``outcome`` says in which phase, with whom and why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason or str(outcome.reply))
        self.outcome = outcome


def deferred(phase: Phase, reason: str, status: str, *, remote: str = "", tls: str = "") -> Outcome:
    """A temporary failure for our own reason; ``status`` is its enhanced status."""
    return Outcome(OutcomeKind.DEFERRED, phase, None, reason, remote, tls, status)


def refused(kind: OutcomeKind, phase: Phase, reply: Reply, *, remote: str = "", tls: str = "") -> Outcome:
    """A failure in the server's own words."""
    return Outcome(kind, phase, reply, "", remote, tls)
