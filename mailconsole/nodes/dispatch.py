"""How console apps reach nodes: Celery control commands by name, implemented by the runtime. Never imports it.

A lost broadcast is lost: what must happen stands in the database, a broadcast is only a hint.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import structlog
from celery import current_app
from django.db import DatabaseError
from kombu.exceptions import OperationalError

from mailconsole.common.redis import REDIS_DOWN
from mailconsole.common.refusals import Refusal
from mailconsole.nodes.models import Node

log = structlog.get_logger(__name__)

CONFIGURATION_PUBLISHED = "mc_configuration_published"
ANSWER_TIMEOUT_S = 2.0
_BROKER_DOWN = (*REDIS_DOWN, OperationalError)


class QueueCommand(StrEnum):
    """What an operator may ask of a delivery queue; the value is the control command's name."""

    RETRY = "mc_retry_queue"
    SUSPEND = "mc_suspend_queue"
    RESUME = "mc_resume_queue"


class NodeDidNotAnswer(Refusal):
    """The command may or may not have arrived; the page shows what the node does."""


class NodeRefusedCommand(Refusal):
    """The node answered that it can't do it, and why."""


def configuration_published(number: int) -> None:
    """Hint to all nodes that a revision is out; never raises: nodes also look for themselves."""
    try:
        workers = list(Node.objects.exclude(worker="").values_list("worker", flat=True))
        if workers:
            current_app.control.broadcast(CONFIGURATION_PUBLISHED, arguments={"number": number}, destination=workers)
    except (*_BROKER_DOWN, DatabaseError) as problem:
        log.warning("dispatch.hint_lost", number=number, problem=type(problem).__name__)


def queue_command(*, node: str, command: QueueCommand, queue_key: str, actor: str) -> str:
    """Have a node act on one of its queues, and return its answer. Raises NodeDidNotAnswer, NodeRefusedCommand."""
    worker = Node.objects.filter(name=node).values_list("worker", flat=True).first()
    if not worker:
        raise NodeDidNotAnswer(f"The node {node} has never reported to the console.")
    answer = _ask(node, worker, command, {"queue_key": queue_key, "actor": actor})
    if "error" in answer:
        raise NodeRefusedCommand(f"The node {node} refused: {answer['error']}")
    return str(answer.get("ok", ""))


def _ask(node: str, worker: str, command: QueueCommand, arguments: dict[str, str]) -> dict[str, Any]:
    try:
        answers = current_app.control.broadcast(
            command.value, arguments=arguments, destination=[worker], reply=True, limit=1, timeout=ANSWER_TIMEOUT_S
        )
    except _BROKER_DOWN as problem:
        raise NodeDidNotAnswer(f"The node {node} can't be reached: the message broker is away.") from problem
    for answer in answers or ():
        found: dict[str, Any] = answer.get(worker) or {}
        return found
    raise NodeDidNotAnswer(f"The node {node} did not answer within {ANSWER_TIMEOUT_S:.0f} s.")
