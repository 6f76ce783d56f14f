"""What a send connector makes of a failure that its administrator sees differently (Exchange's ErrorPolicies). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transport.config.objects import SendConnector
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.model.reply import Reply

DOWNGRADED = "The send connector takes this failure as passing."
_TRANSACTION = frozenset({Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT})
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
            if is_dns or _is_among(reply, self.downgraded):
                return _as(outcome, OutcomeKind.DEFERRED, DOWNGRADED)
        elif outcome.kind is OutcomeKind.DEFERRED and _is_about_message(outcome) and _is_among(reply, self.upgraded):
            return _as(outcome, OutcomeKind.FAILED, UPGRADED)
        return outcome


def _is_about_message(outcome: Outcome) -> bool:
    """What a server says before any message, or with 421 (RFC 5321 3.8), must not fail a whole queue of them."""
    return outcome.phase in _TRANSACTION and outcome.reply is not None and outcome.reply.code != 421


def _is_among(reply: Reply | None, named: tuple[str, ...]) -> bool:
    return reply is not None and any({str(reply.code), reply.enhanced}.issuperset(one.split()) for one in named)


def _as(outcome: Outcome, kind: OutcomeKind, why: str) -> Outcome:
    status = ("4" if kind is OutcomeKind.DEFERRED else "5") + outcome.enhanced_status[1:]
    return replace(outcome, kind=kind, status=status, reason=f"{outcome.reason} {why}".strip())
