"""How console apps reach nodes: Celery control commands by name, implemented by the runtime. Never imports it.

A lost broadcast is lost: what must happen stands in the database, a broadcast is only a hint.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from celery import current_app
from django.db import DatabaseError
from django.utils import timezone
from kombu.exceptions import OperationalError

from mailconsole.common.redis import REDIS_DOWN
from mailconsole.common.refusals import Refusal
from mailconsole.nodes.models import Node

log = structlog.get_logger(__name__)

CONFIGURATION_PUBLISHED = "mc_configuration_published"
ANSWER_TIMEOUT_S = 2.0
_BROKER_DOWN = (*REDIS_DOWN, OperationalError)


class NodeCommand(StrEnum):
    """What a node may be asked about queues; the value is the control command's name."""

    RETRY = "mc_retry_queue"
    LIST = "mc_list_messages"
    PREVIEW = "mc_preview_order"
    START = "mc_start_order"
    JOB = "mc_order_job"
    READ = "mc_read_message"
    SELECT = "mc_select_messages"
    READ_MANY = "mc_read_messages"
    OBEY = "mc_obey_orders"
    SUBMIT = "mc_submit_mail"
    PROTOCOL = "mc_find_protocol"


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


@dataclass(frozen=True, slots=True)
class Answers:
    """``of`` holds what nodes answered, by node; ``problems`` says of each other one why it did not."""

    of: dict[str, Any]
    problems: tuple[str, ...] = ()


def ask_node(node: str, command: NodeCommand, arguments: dict[str, Any], *, timeout_s: float = ANSWER_TIMEOUT_S) -> Any:
    """Have a node do something, and return its answer. Raises NodeDidNotAnswer, NodeRefusedCommand."""
    worker = Node.objects.filter(name=node).values_list("worker", flat=True).first()
    if not worker:
        raise NodeDidNotAnswer(f"The node {node} has never reported to the console.")
    found = _broadcast([worker], command, arguments, timeout_s).get(worker)
    if found is None:
        raise NodeDidNotAnswer(_silent(node, timeout_s))
    if "error" in found:
        raise NodeRefusedCommand(f"The node {node} refused: {found['error']}")
    return found.get("ok")


def ask_nodes(
    command: NodeCommand, arguments: dict[str, Any], *, timeout_s: float = ANSWER_TIMEOUT_S, now: datetime | None = None
) -> Answers:
    """Ask every node that reported lately, all at once; never raises because of nodes."""
    now = now or timezone.now()
    nodes = [node for node in Node.objects.exclude(worker="") if not node.is_lost(now)]
    if not nodes:
        return Answers({}, ("No node reports now.",))
    try:
        found = _broadcast([node.worker for node in nodes], command, arguments, timeout_s)
    except NodeDidNotAnswer as problem:
        return Answers({}, (str(problem),))
    answers, problems = {}, []
    for node in nodes:
        answer = found.get(node.worker)
        if answer is None:
            problems.append(_silent(node.name, timeout_s))
        elif "error" in answer:
            problems.append(f"The node {node.name} refused: {answer['error']}")
        else:
            answers[node.name] = answer.get("ok")
    return Answers(answers, tuple(problems))


def _silent(node: str, timeout_s: float) -> str:
    return f"The node {node} did not answer within {timeout_s:.0f} s."


def _broadcast(
    workers: list[str], command: NodeCommand, arguments: dict[str, Any], timeout_s: float
) -> dict[str, dict[str, Any]]:
    """The answers by worker. Raises NodeDidNotAnswer."""
    try:
        answers = current_app.control.broadcast(
            command.value,
            arguments=arguments,
            destination=workers,
            reply=True,
            limit=len(workers),
            timeout=timeout_s,
        )
    except _BROKER_DOWN as problem:
        raise NodeDidNotAnswer("The nodes can't be reached: the message broker is away.") from problem
    return {worker: found for answer in answers or () for worker, found in answer.items()}
