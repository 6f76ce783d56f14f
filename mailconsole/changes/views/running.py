"""Who runs a revision: published is not running (law 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailconsole.changes.models import Head, Revision
from mailconsole.nodes.models import Activation, ActivationState
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

    @property
    def tone(self) -> str:
        return _TONES[self.state]


@dataclass(frozen=True, slots=True)
class Running:
    """Every node's answer; `is_settling` while an answer may still come, so that the page asks again."""

    answers: tuple[NodeAnswer, ...]
    is_settling: bool


def running(revision: Revision, *, now: datetime) -> Running:
    said = {one.node_id: one for one in Activation.objects.filter(revision=revision.number).select_related("node")}
    answers = [NodeAnswer(one.node.name, ActivationState(one.state), one.at, one.error) for one in said.values()]
    is_head = Head.objects.filter(number=revision.number).exists()
    silent = [node for node in known_nodes(now) if node.pk not in said and not node.is_lost(now)] if is_head else []
    answers += [NodeAnswer(node.name, ActivationState.PENDING, None, "") for node in silent]
    is_waiting = not answers or any(one.state is ActivationState.PENDING for one in answers)
    is_settling = is_head and is_waiting and now - revision.created_at < SETTLES_WITHIN
    return Running(tuple(sorted(answers, key=lambda one: one.node)), is_settling)
