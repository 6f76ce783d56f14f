"""What a node shows of itself, from memory."""

from __future__ import annotations

from transport.config.objects import TlsMode
from transport.model.certificate import PresentedCertificate
from transport.model.snapshot import NodeSnapshot
from transport.service.parts import Parts


def overview(parts: Parts, *, started_at: float, open_relay: tuple[str, ...]) -> NodeSnapshot:
    """Its state now."""
    now = parts.clock()
    listener, queues, intake = parts.listener, parts.queues, parts.intake
    return NodeSnapshot(
        node=parts.node,
        at=now,
        started_at=started_at,
        revision=parts.ruleset.revision,
        is_accepting=listener is not None and not intake.why_not_accepting,
        why_not_accepting=intake.why_not_accepting,
        sessions=listener.sessions if listener else 0,
        messages=parts.spool.count,
        accepted_total=listener.counters.accepted if listener else 0,
        refused_total=listener.counters.refused if listener else 0,
        delivered_total=queues.counters.delivered,
        deferred_total=queues.counters.deferred,
        failed_total=queues.counters.failed,
        listening=listener.listening if listener else (),
        queues=queues.snapshot(now),
        resources=parts.pressure.states,
        why_not_from_outside=intake.why_not_from_outside,
        open_relay=open_relay,
        dsn_pending=queues.dsn_pending,
        dsn_suppressed_total=queues.dsn_suppressed,
        limits=listener.counters.limits.all if listener else (),
        certificates=_presented(parts, now),
        shadow=parts.shadow.snapshot(),
    )


def _presented(parts: Parts, now: float) -> tuple[PresentedCertificate, ...]:
    store = parts.certificates
    if store is None:
        return ()
    return tuple(
        store.presented(connector, now=now)
        for connector in parts.ruleset.document.receive_connectors
        if connector.is_enabled and connector.tls_mode is not TlsMode.NONE
    )
