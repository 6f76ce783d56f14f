"""Who runs a revision: published is not running (law 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailconsole.changes.models import Head, Revision
from mailconsole.nodes.models import Activation, ActivationState, Node
from mailconsole.nodes.services import known_nodes

SETTLES_WITHIN = timedelta(minutes=10)
_TONES = {ActivationState.PENDING: "idle", ActivationState.ACTIVE: "good", ActivationState.REFUSED: "bad"}


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """What one node said of the revision."""

    node: str
    state: ActivationState
    at: datetime | None
    error: str
    is_past: bool = False
    """It runs another one by now."""

    @property
    def tone(self) -> str:
        return "idle" if self.is_past else _TONES[self.state]

    @property
    def label(self) -> str:
        return "Ran it" if self.is_past else str(self.state.label)

    @property
    def sentence(self) -> str:
        return (
            "The node ran the revision from then on; it runs another one now." if self.is_past else self.state.sentence
        )


@dataclass(frozen=True, slots=True)
class NodeRuns:
    """What one node runs; `since` is when it last began to, `why` why it is not the newest."""

    node: str
    number: int | None
    since: datetime | None
    tone: str
    word: str
    why: str
    is_settling: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """Every node's answer; `is_settling` while an answer may still come, so that the page asks again."""

    answers: tuple[NodeAnswer, ...]
    is_settling: bool


def running(revision: Revision, *, now: datetime) -> Running:
    said = {one.node_id: one for one in Activation.objects.filter(revision=revision.number).select_related("node")}
    answers = [_answer(one) for one in said.values()]
    is_head = Head.objects.filter(number=revision.number).exists()
    silent = [node for node in known_nodes(now) if node.pk not in said and not node.is_lost(now)] if is_head else []
    answers += [NodeAnswer(node.name, ActivationState.PENDING, None, "") for node in silent]
    is_waiting = not answers or any(one.state is ActivationState.PENDING for one in answers)
    is_settling = is_head and is_waiting and now - revision.created_at < SETTLES_WITHIN
    return Running(tuple(sorted(answers, key=lambda one: one.node)), is_settling)


def _answer(one: Activation) -> NodeAnswer:
    state = ActivationState(one.state)
    is_past = state is ActivationState.ACTIVE and (one.node.running_revision or 0) > one.revision
    return NodeAnswer(one.node.name, state, one.at, one.error, is_past)


def nodes_running(head: Revision, *, now: datetime) -> tuple[NodeRuns, ...]:
    """Every node that was heard of lately."""
    nodes = known_nodes(now)
    said = {(one.node_id, one.revision): one for one in Activation.objects.filter(
        node__in=nodes, revision__in={head.number, *(node.running_revision or 0 for node in nodes)})}  # fmt: skip
    return tuple(_runs(node, head, said, now) for node in nodes)


def _runs(node: Node, head: Revision, said: dict[tuple[int, int], Activation], now: datetime) -> NodeRuns:
    number = node.running_revision
    began, newest = said.get((node.pk, number or 0)), said.get((node.pk, head.number))
    since = began.at if began is not None and began.state == ActivationState.ACTIVE else None
    if node.is_lost(now):
        return NodeRuns(node.name, number, since, "bad", "Silent", "It does not report: what it runs may be another.")
    if number == head.number:
        return NodeRuns(node.name, number, since, "good", "Newest", "")
    if newest is not None and newest.state == ActivationState.REFUSED:
        return NodeRuns(node.name, number, since, "bad", f"Refused {head.number}", newest.error)
    return NodeRuns(node.name, number, since, "warn", "Behind", f"Revision {head.number} is published.", True)
