"""What operators do to queues; each act reaches every node that holds the queue, and the audit."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from mailconsole.accounts.access import check_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit.services import record
from mailconsole.common.refusals import Refusal
from mailconsole.nodes.dispatch import NodeDidNotAnswer, NodeRefusedCommand, QueueCommand, queue_command
from mailconsole.nodes.snapshots import read_live
from mailconsole.queues.merge import MergedQueue, merge_queues
from transport.model.snapshot import QueueStatus

RETRY_ALL_AT_MOST = 50
"""Each asks its nodes in turn; a page should not wait longer for them."""
DONE = {QueueCommand.RETRY: "retried", QueueCommand.SUSPEND: "suspended", QueueCommand.RESUME: "resumed"}
_ACTIONS = {
    QueueCommand.RETRY: "queue.retry",
    QueueCommand.SUSPEND: "queue.suspend",
    QueueCommand.RESUME: "queue.resume",
}


class QueueGone(Refusal):
    """No node holds the queue any more, or the nodes can't be seen."""


class CommandFailed(Refusal):
    """Not one node did what was asked; the text says why, for each."""


@dataclass(frozen=True, slots=True)
class CommandDone:
    """What came of a command: the nodes that did it, and why others did not."""

    queue: MergedQueue
    command: QueueCommand
    nodes: tuple[str, ...]
    problems: tuple[str, ...]


def retry_queue(*, queue_key: str, actor: User, request: HttpRequest | None = None) -> CommandDone:
    """Try everything in the queue now. Raises RoleRequired, QueueGone, CommandFailed."""
    return _command(QueueCommand.RETRY, queue_key, actor, request)


def suspend_queue(*, queue_key: str, actor: User, request: HttpRequest | None = None) -> CommandDone:
    """Hold the queue until it is resumed; nothing is lost. Raises RoleRequired, QueueGone, CommandFailed."""
    return _command(QueueCommand.SUSPEND, queue_key, actor, request)


def resume_queue(*, queue_key: str, actor: User, request: HttpRequest | None = None) -> CommandDone:
    """Let a suspended queue go on. Raises RoleRequired, QueueGone, CommandFailed."""
    return _command(QueueCommand.RESUME, queue_key, actor, request)


def retry_all(*, actor: User, request: HttpRequest | None = None) -> tuple[CommandDone, ...]:
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
            done.append(_command(QueueCommand.RETRY, queue.key, actor, request))
        except (QueueGone, CommandFailed) as refused:
            problems.append(str(refused))
    if not done:
        raise CommandFailed(" ".join(problems[:3]))
    return tuple(done)


def _command(command: QueueCommand, queue_key: str, actor: User, request: HttpRequest | None) -> CommandDone:
    check_role(actor, Role.OPERATOR)
    queue = find_queue(queue_key)
    if queue is None:
        raise QueueGone("No node shows this queue now: it may have been emptied a moment ago.")
    done, problems = [], []
    for node in queue.nodes:
        try:
            queue_command(node=node, command=command, queue_key=queue_key, actor=actor.get_username())
            done.append(node)
        except (NodeDidNotAnswer, NodeRefusedCommand) as problem:
            problems.append(str(problem))
    if not done:
        raise CommandFailed(" ".join(problems))
    result = CommandDone(queue, command, tuple(done), tuple(problems))
    _tell_audit(result, actor, request)
    return result


def find_queue(queue_key: str) -> MergedQueue | None:
    """The queue as the nodes show it now."""
    return next((queue for queue in merge_queues(read_live().snapshots) if queue.key == queue_key), None)


def _tell_audit(result: CommandDone, actor: User, request: HttpRequest | None) -> None:
    queue = result.queue
    record(
        actor=actor,
        action=_ACTIONS[result.command],
        object_kind="queue",
        object_id=queue.key[:200],
        summary=f"Queue {queue.name} {DONE[result.command]} on {', '.join(result.nodes)} "
        f"with {queue.message_count} messages",
        after={"nodes": list(result.nodes), "problems": list(result.problems)},
        request=request,
    )
