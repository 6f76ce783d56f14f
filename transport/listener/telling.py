"""What a session answers and what is kept of it: refusals with their reasons, how the client is described in events."""

from __future__ import annotations

from typing import Any

from transport.config.objects import ReceiveConnector
from transport.listener.connection import Connection
from transport.listener.context import Context
from transport.model import compact_json
from transport.model.event import EventId, TrackingEvent
from transport.model.limit import Limit
from transport.model.reply import Reply
from transport.model.session import SessionFacts, TlsFacts
from transport.model.verdict import Action, Stage, Verdict

MAX_TOLD_BYTES = 2**63 - 1
"""A peer may declare a size of twenty digits (RFC 1870 3); no column of a database holds that."""


class Telling(Connection):
    """``facts`` are known once the session has begun."""

    __slots__ = ("_described", "connector", "context", "described_json", "facts")

    connector: ReceiveConnector
    context: Context
    facts: SessionFacts
    _described: dict[str, Any]
    described_json: str
    """``described``, as JSON without braces; made with it."""

    def reply(self, reply: Reply) -> None:
        """Answer; the octets leave with the next flush."""
        self.send(reply.to_bytes())

    def refuse(self, verdict: Verdict, *, sender: str = "", recipient: str = "", size_bytes: int = 0) -> None:
        """Answer a refusal, keep it with its reason, and slow an anonymous peer down; AUTH has a tarpit of its own."""
        assert verdict.reply is not None
        self.tell(verdict, sender=sender, recipient=recipient, size_bytes=size_bytes)
        self.reply(verdict.reply)
        if verdict.action is Action.DISCONNECT:
            self.close()
        elif verdict.action is Action.REFUSE and verdict.stage is not Stage.AUTH and not self.facts.identity:
            self._slow_down()

    def _slow_down(self) -> None:
        if self.connector.tarpit_interval:
            self.count(Limit.TARPIT)
            self.be_silent(self.connector.tarpit_interval)

    def count(self, limit: Limit) -> None:
        """Note that a limit decided."""
        self.context.counters.limits.add(self.connector.id, limit, self.context.clock())

    def tell(self, verdict: Verdict, *, sender: str = "", recipient: str = "", size_bytes: int = 0) -> None:
        """Keep a refusal for the Refusals page; ``size_bytes`` as far as it was told or has come."""
        facts, context = self.facts, self.context
        context.counters.refused += 1
        if verdict.limit is not None:
            self.count(verdict.limit.limit)
        context.refusals.tell(
            TrackingEvent(
                EventId.REFUSE,
                context.clock(),
                session_id=facts.session_id,
                sender=sender,
                recipient=recipient,
                peer=facts.peer,
                connector_id=facts.connector_id,
                reply=str(verdict.reply or ""),
                reason=verdict.reason,
                size_bytes=min(size_bytes, MAX_TOLD_BYTES),
                revision=facts.revision,
                detail={
                    "stage": verdict.stage.value,
                    "action": verdict.action.value,
                    **self.described(),
                    "trail": verdict.trail_rows,
                    **_limit_rows(verdict),
                },
            )
        )

    def described(self) -> dict[str, Any]:
        """What an event's detail says of the session; not to be changed."""
        if not self._described:
            self._described = self._describe()
            self.described_json = compact_json.encode(self._described).decode()[1:-1]
        return self._described

    def recall(self, described: dict[str, Any], described_json: str) -> None:
        """It is described like another, with the same facts."""
        self._described, self.described_json = described, described_json

    def _describe(self) -> dict[str, Any]:
        facts = self.facts
        return {
            **({"proxy": facts.proxy} if facts.proxy else {}),
            **(_client_certificate(facts.tls) if facts.client_certificate and facts.tls else {}),
            "helo": facts.helo,
            "identity": facts.identity,
            "tls": f"{facts.tls.version} {facts.tls.cipher}" if facts.tls else "",
            "binding": facts.binding,
        }


def _limit_rows(verdict: Verdict) -> dict[str, str]:
    reached = verdict.limit
    return {} if reached is None else {"limit": reached.limit.value, "limit_value": reached.value}


def _client_certificate(tls_facts: TlsFacts) -> dict[str, str]:
    return {"client_certificate": tls_facts.client_fingerprint, "client_subject": tls_facts.client_subject}
