"""A recorded attempt as the question that the rules are asked again. Values only."""

from __future__ import annotations

from functools import lru_cache

from mailconsole.changes import recorded
from mailconsole.changes.recorded import RecordedDecision
from transport.model.address import Address, parse_path
from transport.model.session import SessionFacts, TlsFacts
from transport.rules.admission import DecisionInput
from transport.rules.ruleset import Ruleset


def question_of(decision: RecordedDecision, ruleset: Ruleset, owns: recorded.Owns) -> DecisionInput:
    """``ruleset`` names the binding where only the connector was kept. Raises InvalidAddress."""
    facts = SessionFacts(
        session_id="",
        peer=decision.peer,
        peer_port=0,
        binding=decision.binding or _binding_of(decision.connector_id, ruleset),
        connector_id=decision.connector_id,
        revision=0,
        started_at=0.0,
        helo=decision.helo,
        is_esmtp=True,
        identity=decision.identity,
        addresses=owns(decision.identity) if decision.identity else (),
        tls=_tls(decision),
    )
    recipient = address_of(decision.recipient) if decision.recipient else None
    return DecisionInput(facts, address_of(decision.sender), recipient, decision.size_bytes)


def _tls(decision: RecordedDecision) -> TlsFacts | None:
    return TlsFacts("TLS", "", decision.certificate, decision.certificate_subject) if decision.tls else None


@lru_cache(maxsize=100_000)
def address_of(text: str) -> Address:
    """Raises InvalidAddress."""
    return parse_path(f"<{text}>", allow_null=True, allow_postmaster=True)


def _binding_of(connector_id: str, ruleset: Ruleset) -> str:
    connector = ruleset.receive_connectors.get(connector_id)
    return connector.bindings[0] if connector is not None else ""
