"""What a send connector makes of a failure that its administrator sees differently (Exchange's ErrorPolicies). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transport.config.objects import SendConnector
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.model.reply import Reply

DOWNGRADED = "The send connector takes this failure as passing."
UPGRADED = "The send connector takes this reply as final."


@dataclass(frozen=True, slots=True)
class ErrorPolicies:
    """``downgraded`` and ``upgraded`` are ``550``, ``5.7.1`` or ``550 5.7.1``: what is named must be in the reply."""

    is_dns_failure_downgraded: bool = False
    downgraded: tuple[str, ...] = ()
    upgraded: tuple[str, ...] = ()

    @classmethod
    def of(cls, connector: SendConnector) -> ErrorPolicies | None:
        """None where the connector takes every failure as it is."""
        policies = cls(connector.is_dns_failure_downgraded, connector.downgraded_replies, connector.upgraded_replies)
        return None if policies == cls() else policies

    def apply(self, outcome: Outcome) -> Outcome:
        """The outcome as the connector sees it; its reason says so where that differs."""
        reply = outcome.reply
        if outcome.kind is OutcomeKind.FAILED:
            is_dns = self.is_dns_failure_downgraded and outcome.phase is Phase.DNS
            if is_dns or (reply is not None and _is_among(reply, self.downgraded)):
                return _as(outcome, OutcomeKind.DEFERRED, DOWNGRADED)
        elif outcome.kind is OutcomeKind.DEFERRED and reply is not None and _is_among(reply, self.upgraded):
            # RFC 5321 3.8: 421 is about the service, whatever status it carries.
            return outcome if reply.code == 421 else _as(outcome, OutcomeKind.FAILED, UPGRADED)
        return outcome


def _is_among(reply: Reply, named: tuple[str, ...]) -> bool:
    return any({str(reply.code), reply.enhanced}.issuperset(one.split()) for one in named)


def _as(outcome: Outcome, kind: OutcomeKind, why: str) -> Outcome:
    status = ("4" if kind is OutcomeKind.DEFERRED else "5") + outcome.enhanced_status[1:]
    return replace(outcome, kind=kind, status=status, reason=f"{outcome.reason} {why}".strip())
