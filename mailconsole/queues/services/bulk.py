"""Orders on many messages: a preview with a count first, then the order for no more than was seen; nodes carry it out
in pieces. Where mail is lost a reason is asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core import signing
from django.http import HttpRequest
from django.utils import timezone

from mailconsole.accounts.access import check_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit.services import record
from mailconsole.common.refusals import Refusal
from mailconsole.nodes.dispatch import NodeCommand, NodeDidNotAnswer, NodeRefusedCommand, ask_node, ask_nodes
from mailconsole.queues.merge import queue_name
from mailconsole.queues.services.queues import MAX_REASON, CommandFailed
from transport.model.queue_filter import BadFilter, QueueFilter
from transport.model.queue_order import Job, QueueOrder, Verb

PREVIEW_LASTS_S = 600
SEARCH_TIMEOUT_S = 15.0
PATIENCE_S = 6.0
"""How long a page waits for the nodes to end; they go on by themselves."""
NOT_COUNTED = "They could not all be counted in time: narrow the filter by a queue or an age, and act in parts."
_SALT = "mailconsole.queues.preview"


class OrderNotPossible(Refusal):
    """The order is incomplete, or nothing matches."""


class ReasonRequired(Refusal):
    """Mail is lost: the audit has to say why."""

    def __init__(self) -> None:
        super().__init__("Say why: removed mail is gone, and the audit keeps the reason.")


class PreviewIsStale(Refusal):
    """What was shown is no longer what would be done."""


@dataclass(frozen=True, slots=True)
class OrderPreview:
    """What an order would touch. ``token`` stands for exactly this, for ten minutes."""

    verb: Verb
    wanted: QueueFilter
    messages: int
    by_queue: dict[str, int]
    by_state: dict[str, int]
    nodes: dict[str, int]
    problems: tuple[str, ...]
    token: str
    is_partial: bool = False

    @property
    def sentence(self) -> str:
        """``Remove 214 messages in queue partner.example``."""
        at_least = "at least " if self.is_partial else ""
        what = f"{at_least}{self.messages} message{'' if self.messages == 1 else 's'}"
        return f"{self.verb.value.replace('-', ' ').capitalize()} {what} {where(self.wanted)}"


@dataclass(frozen=True, slots=True)
class OrderDone:
    """What came of it: ``is_finished`` False while nodes still go on."""

    verb: Verb
    wanted: QueueFilter
    jobs: dict[str, Job]
    problems: tuple[str, ...]

    @property
    def done(self) -> int:
        return sum(job.done for job in self.jobs.values())

    @property
    def selected(self) -> int:
        return sum(job.selected for job in self.jobs.values())

    @property
    def is_finished(self) -> bool:
        return all(job.is_finished for job in self.jobs.values())

    @property
    def sentence(self) -> str:
        if not self.is_finished:
            return f"{self.done} of {self.selected} messages {self.verb.done} so far; the nodes go on by themselves."
        left = self.selected - self.done
        others = f" {left} had moved on or were left out." if left else ""
        return f"{self.done} message{'' if self.done == 1 else 's'} {self.verb.done}.{others}"


def where(wanted: QueueFilter) -> str:
    """The filter in words, with the queue's name instead of its key."""
    if not wanted.queue:
        return wanted.sentence if not wanted.is_empty else "of every queue"
    rest = replace(wanted, queue="")
    others = f", {rest.sentence}" if not rest.is_empty else ""
    return f"in queue {queue_name(wanted.queue)}{others}"


def preview_order(*, verb: Verb, wanted: QueueFilter, actor: User, now: datetime | None = None) -> OrderPreview:
    """Count on every node. Raises RoleRequired, CommandFailed where no node answers."""
    check_role(actor, Role.OPERATOR)
    now = now or timezone.now()
    # What comes after this moment was not seen and is not touched.
    wanted = replace(wanted, received_before=wanted.received_before or now.timestamp())
    answers = ask_nodes(NodeCommand.PREVIEW, {"filter": wanted.row()}, timeout_s=SEARCH_TIMEOUT_S)
    if not answers.of:
        raise CommandFailed(" ".join(answers.problems))
    nodes = {node: found["messages"] for node, found in answers.of.items()}
    is_partial = any(found.get("is_partial") for found in answers.of.values())
    seen = {"verb": verb.value, "filter": wanted.row(), "nodes": nodes, "actor": actor.pk, "is_partial": is_partial}
    return OrderPreview(
        verb=verb,
        wanted=wanted,
        messages=sum(nodes.values()),
        by_queue=_summed(answers.of, "by_queue"),
        by_state=_summed(answers.of, "by_state"),
        nodes=nodes,
        problems=answers.problems,
        token=signing.dumps(seen, salt=_SALT, compress=True),
        is_partial=is_partial,
    )


def _summed(found: dict[str, Any], name: str) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in found.values():
        for key, count in one[name].items():
            total[key] = total.get(key, 0) + count
    return dict(sorted(total.items(), key=lambda pair: -pair[1]))


def give_order(
    *,
    token: str,
    actor: User,
    reason: str = "",
    with_ndr: bool = True,
    connector_id: str = "",
    next_attempt_at: datetime | None = None,
    request: HttpRequest | None = None,
    patience_s: float = PATIENCE_S,
) -> OrderDone:
    """Have the nodes do what was previewed, for no more messages than that.

    Raises RoleRequired, ReasonRequired, PreviewIsStale, OrderNotPossible, CommandFailed.
    """
    check_role(actor, Role.OPERATOR)
    verb, wanted, nodes = _seen(token, actor)
    reason = reason.strip()[:MAX_REASON]
    if verb is Verb.REMOVE and not reason:
        raise ReasonRequired
    if verb is Verb.REDIRECT and not connector_id:
        raise OrderNotPossible("Choose the send connector that is to deliver the messages.")
    if verb is Verb.SET_NEXT_ATTEMPT and next_attempt_at is None:
        raise OrderNotPossible("Say when the messages are tried next.")
    order = QueueOrder(
        verb=verb,
        filter=wanted,
        by=actor.get_username(),
        reason=reason,
        with_ndr=with_ndr,
        connector_id=connector_id,
        next_attempt_at=next_attempt_at.timestamp() if next_attempt_at else 0.0,
    )
    done = _carry_out(order, nodes, patience_s)
    _tell_audit(order, done, actor, request)
    return done


def _seen(token: str, actor: User) -> tuple[Verb, QueueFilter, dict[str, int]]:
    try:
        seen = signing.loads(token, salt=_SALT, max_age=PREVIEW_LASTS_S)
        if seen["actor"] != actor.pk:
            raise PreviewIsStale("Somebody else looked at this preview. Look again yourself.")
        if seen.get("is_partial"):
            raise OrderNotPossible(NOT_COUNTED)
        return Verb(seen["verb"]), QueueFilter.of_row(seen["filter"]), {**seen["nodes"]}
    except signing.SignatureExpired:
        raise PreviewIsStale("The preview is older than ten minutes. Look again.") from None
    except (signing.BadSignature, BadFilter, KeyError, TypeError, ValueError):
        raise PreviewIsStale("The preview can't be read. Look again.") from None


def _carry_out(order: QueueOrder, nodes: dict[str, int], patience_s: float) -> OrderDone:
    concerned = {node: count for node, count in nodes.items() if count}
    if not concerned:
        raise OrderNotPossible("No message matched when you looked: nothing is to be done.")
    jobs: dict[str, Job] = {}
    problems: list[str] = []
    for node, count in concerned.items():
        try:
            row = replace(order, at_most=count).row()
            jobs[node] = Job.of_row(ask_node(node, NodeCommand.START, {"order": row}, timeout_s=SEARCH_TIMEOUT_S))
        except (NodeDidNotAnswer, NodeRefusedCommand) as problem:
            problems.append(str(problem))
    if not jobs:
        stale = all("match now" in problem for problem in problems)
        raise (PreviewIsStale if stale else CommandFailed)(" ".join(problems))
    end = time.monotonic() + patience_s
    _wait(jobs, lambda: time.monotonic() < end)
    problems += [f"{node}: {job.problem}" for node, job in jobs.items() if job.problem]
    return OrderDone(order.verb, order.filter, jobs, tuple(problems))


def _wait(jobs: dict[str, Job], may_wait: Callable[[], bool]) -> None:
    pause_s = 0.05
    while may_wait() and not all(job.is_finished for job in jobs.values()):
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.5)
        for node, job in jobs.items():
            if not job.is_finished:
                try:
                    jobs[node] = Job.of_row(ask_node(node, NodeCommand.JOB, {"job_id": job.id}))
                except (NodeDidNotAnswer, NodeRefusedCommand):
                    continue


def _tell_audit(order: QueueOrder, done: OrderDone, actor: User, request: HttpRequest | None) -> None:
    how = ""
    if order.verb is Verb.REMOVE:
        how = "; senders get a non-delivery report" if order.with_ndr else "; senders are not told"
    elif order.verb is Verb.REDIRECT:
        how = f" to send connector {order.connector_id}"
    summary = f"{done.selected} messages {where(order.filter)} {order.verb.done}{how}, on {', '.join(done.jobs)}"
    record(
        actor=actor,
        action=f"message.{order.verb.value}",
        object_kind="queue" if order.filter.queue else "messages",
        object_id=(order.filter.queue or "several queues")[:200],
        summary=summary,
        after={
            "filter": order.filter.row(),
            "nodes": {node: {"selected": job.selected, "done": job.done} for node, job in done.jobs.items()},
            "problems": list(done.problems),
        },
        reason=order.reason,
        request=request,
    )
