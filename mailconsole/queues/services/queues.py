"""What operators do to whole queues: tried at once, suspended on every node, resumed; each act reaches the audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from mailconsole.accounts.access import check_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit.services import record
from mailconsole.common.refusals import Refusal
from mailconsole.nodes.dispatch import NodeCommand, NodeDidNotAnswer, NodeRefusedCommand, ask_node, ask_nodes
from mailconsole.nodes.snapshots import read_live
from mailconsole.queues.merge import MergedQueue, merge_queues
from mailconsole.queues.models import QueueSuspension
from transport.model.next_hop import NextHop
from transport.model.snapshot import QueueStatus

RETRY_ALL_AT_MOST = 50
"""Each asks its nodes in turn; a page should not wait longer for them."""
MAX_REASON = 500


class QueueGone(Refusal):
    """No node holds the queue any more, or the nodes can't be seen."""


class AlreadySo(Refusal):
    """The queue is as it is asked to be."""


class CommandFailed(Refusal):
    """Not one node did what was asked; the text says why, for each."""


class QueueAct(StrEnum):
    """What was done to a queue; the value is the audit's verb."""

    RETRY = "retry"
    SUSPEND = "suspend"
    RESUME = "resume"

    @property
    def done(self) -> str:
        return {self.RETRY: "retried", self.SUSPEND: "suspended", self.RESUME: "resumed"}[self]


@dataclass(frozen=True, slots=True)
class QueueDone:
    """What came of an act: the nodes that did it, and why others did not yet."""

    queue: MergedQueue
    act: QueueAct
    nodes: tuple[str, ...]
    problems: tuple[str, ...]


def retry_queue(*, queue_key: str, actor: User, request: HttpRequest | None = None) -> QueueDone:
    """Try everything in the queue now. Raises RoleRequired, QueueGone, CommandFailed."""
    check_role(actor, Role.OPERATOR)
    queue = _found(queue_key)
    done, problems = [], []
    for node in queue.nodes:
        try:
            ask_node(node, NodeCommand.RETRY, {"queue_key": queue_key, "actor": actor.get_username()})
            done.append(node)
        except (NodeDidNotAnswer, NodeRefusedCommand) as problem:
            problems.append(str(problem))
    if not done:
        raise CommandFailed(" ".join(problems))
    result = QueueDone(queue, QueueAct.RETRY, tuple(done), tuple(problems))
    _tell_audit(result, actor, request)
    return result


def suspend_queue(
    *, queue_key: str, actor: User, reason: str = "", now: datetime | None = None, request: HttpRequest | None = None
) -> QueueDone:
    """Hold the queue on every node until it is resumed; nothing is lost. Nodes that are away follow when they are back.

    Raises RoleRequired, QueueGone, AlreadySo.
    """
    check_role(actor, Role.OPERATOR)
    queue = _found(queue_key)
    row = {"by": actor.get_username(), "reason": reason.strip()[:MAX_REASON], "at": now or timezone.now()}
    with transaction.atomic():
        if not QueueSuspension.objects.get_or_create(key=queue_key, defaults=row)[1]:
            raise AlreadySo(f"The queue {queue.name} is suspended already.")
        _tell_audit(QueueDone(queue, QueueAct.SUSPEND, queue.nodes, ()), actor, request, reason=reason)
    return _obeyed(queue, QueueAct.SUSPEND)


def resume_queue(*, queue_key: str, actor: User, request: HttpRequest | None = None) -> QueueDone:
    """Let a suspended queue go on, on every node. Raises RoleRequired, QueueGone, AlreadySo."""
    check_role(actor, Role.OPERATOR)
    queue = find_queue(queue_key) or _unseen(queue_key)
    with transaction.atomic():
        if not QueueSuspension.objects.filter(key=queue_key).delete()[0]:
            raise AlreadySo(f"The queue {queue.name} is not suspended.")
        _tell_audit(QueueDone(queue, QueueAct.RESUME, queue.nodes, ()), actor, request)
    return _obeyed(queue, QueueAct.RESUME)


def retry_all(*, actor: User, request: HttpRequest | None = None) -> tuple[QueueDone, ...]:
    """Retry every queue that waits for its next try; those that fail are left out of the answer.

    Raises RoleRequired, QueueGone where none waits, CommandFailed where not one could be retried.
    """
    check_role(actor, Role.OPERATOR)
    waiting = [queue for queue in merge_queues(read_live().snapshots) if queue.status is QueueStatus.RETRY]
    if not waiting:
        raise QueueGone("No queue waits for its next try now.")
    done, problems = [], []
    for queue in waiting[:RETRY_ALL_AT_MOST]:
        try:
            done.append(retry_queue(queue_key=queue.key, actor=actor, request=request))
        except (QueueGone, CommandFailed) as refused:
            problems.append(str(refused))
    if not done:
        raise CommandFailed(" ".join(problems[:3]))
    return tuple(done)


def find_queue(queue_key: str) -> MergedQueue | None:
    """The queue as the nodes show it now."""
    return next((queue for queue in merge_queues(read_live().snapshots) if queue.key == queue_key), None)


def _found(queue_key: str) -> MergedQueue:
    queue = find_queue(queue_key)
    if queue is None:
        raise QueueGone("No node shows this queue now: it may have been emptied a moment ago.")
    return queue


def _unseen(queue_key: str) -> MergedQueue:
    """What is suspended can be resumed, even while no node can be seen."""
    try:
        return MergedQueue.empty(NextHop.parse(queue_key))
    except ValueError:
        raise QueueGone("There is no such queue.") from None


def _obeyed(queue: MergedQueue, act: QueueAct) -> QueueDone:
    answers = ask_nodes(NodeCommand.OBEY, {})
    return QueueDone(queue, act, tuple(answers.of), answers.problems)


def _tell_audit(done: QueueDone, actor: User, request: HttpRequest | None, *, reason: str = "") -> None:
    queue, where = done.queue, ", ".join(done.nodes) or "every node"
    record(
        actor=actor,
        action=f"queue.{done.act}",
        object_kind="queue",
        object_id=queue.key[:200],
        summary=f"Queue {queue.name} {done.act.done} on {where} with {queue.message_count} messages",
        after={"nodes": list(done.nodes), "problems": list(done.problems)},
        reason=reason,
        request=request,
    )
