"""The live regions of the Overview that belong to no other app: the nodes, and what waits for a decision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mailconsole.changes.models import Change, Head
from mailconsole.changes.services.drift import drift_of
from mailconsole.changes.services.times import ahead
from mailconsole.changes.states import ChangeState
from mailconsole.nodes.live.regions import Piece, piece
from mailconsole.nodes.models import Activation, ActivationState, Node
from mailconsole.nodes.services import known_nodes
from mailconsole.nodes.snapshots import Live
from transport.model.snapshot import NodeSnapshot

MAX_CHANGES = 5


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node: what it says of itself, and whether it runs what was published last."""

    name: str
    tone: str
    word: str
    sentence: str
    revision: int | None
    head: int
    refused_because: str
    sessions: int
    messages: int
    listening: tuple[str, ...]
    started_at: datetime | None
    heard_at: datetime | None
    version: str
    notifications: str = ""
    drift: str = ""

    @property
    def is_behind(self) -> bool:
        return self.revision is not None and self.revision < self.head


def node_rows(live: Live, now: datetime) -> list[Piece]:
    """Every node that reports, and those that did lately."""
    rows = nodes_of(live, now)
    if not rows:
        return [piece("none", "overview/_no_node.html", live=live)]
    return [piece(row.name, "overview/_node.html", row=row) for row in rows]


def nodes_of(live: Live, now: datetime) -> list[NodeRow]:
    known = {node.name: node for node in known_nodes(now)}
    shown = {snapshot.node: snapshot for snapshot in live.snapshots}
    head = Head.objects.values_list("number", flat=True).first() or 0
    refused = Activation.objects.filter(revision=head, state=ActivationState.REFUSED)
    errors = dict(refused.values_list("node__name", "error"))
    names = sorted({*known, *shown})
    drift = drift_of(known.values())
    return [
        replace(
            _row(name, known.get(name), shown.get(name), live, now, head, errors.get(name, "")),
            drift=drift.get(name, ""),
        )
        for name in names
    ]


def _row(
    name: str, node: Node | None, shown: NodeSnapshot | None, live: Live, now: datetime, head: int, error: str
) -> NodeRow:
    tone, word, sentence = _state(node, shown, live, now)
    return NodeRow(
        name=name,
        tone=tone,
        word=word,
        sentence=sentence,
        revision=shown.revision if shown else node.running_revision if node else None,
        head=head,
        refused_because=error,
        sessions=shown.sessions if shown else 0,
        messages=shown.messages if shown else 0,
        listening=shown.listening if shown else tuple(node.listening) if node else (),
        started_at=datetime.fromtimestamp(shown.started_at, UTC) if shown else node.started_at if node else None,
        heard_at=node.heartbeat_at if node and not shown else None,
        version=node.software_version if node else "",
        notifications=_notifications(shown) if shown else "",
    )


def _notifications(shown: NodeSnapshot) -> str:
    """What the caps on notifications hold back."""
    said = [f"{shown.dsn_pending:,} notifications wait"] if shown.dsn_pending else []
    said += [f"{shown.dsn_suppressed_total:,} suppressed"] if shown.dsn_suppressed_total else []
    return ", ".join(said)


def _state(node: Node | None, shown: NodeSnapshot | None, live: Live, now: datetime) -> tuple[str, str, str]:
    """The snapshot's word counts; without Redis the heartbeat in the database has to do."""
    if shown is not None:
        if shown.is_accepting and shown.open_relay:
            return "bad", "Open relay", " ".join(shown.open_relay[:3])
        if shown.is_accepting and shown.why_not_from_outside:
            return "warn", "Back pressure", f"Mail from outside waits: {shown.why_not_from_outside}."
        if shown.is_accepting:
            return "good", "Accepting", ""
        return "bad", "Not accepting", shown.why_not_accepting
    if not live.is_reachable and node is not None and not node.is_lost(now):
        if node.is_accepting:
            return "good", "Accepting", ""
        return "bad", "Not accepting", node.why_not
    return "bad", "Silent", "It has not reported for some seconds: it is stopped, or can't reach Redis."


def waiting_changes(live: Live, now: datetime) -> list[Piece]:
    """Changes whose review is owed, that wait for approval or publishing, or that end by themselves soon."""
    changes = Change.objects.select_related("author")
    owed = changes.filter(is_review_owed=True).order_by("pk")
    waiting = changes.filter(state__in=[ChangeState.IN_REVIEW, ChangeState.APPROVED]).order_by("submitted_at")
    found = {change.pk: change for some in (owed, waiting, ahead(now)) for change in some[:MAX_CHANGES]}
    if not found:
        return [piece("none", "overview/_no_change.html")]
    return [piece(str(key), "overview/_change.html", change=change) for key, change in found.items()]
