"""What a node answers about its queued messages. Each command has one JSON argument and answers ``ok`` or ``error``."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import structlog
from celery.worker.control import control_command

from mailconsole.nodes.dispatch import NodeCommand
from mailconsole.runtime.commands import host_of_this_worker
from mailconsole.runtime.host import TransportHost
from transport.model.queue_filter import QueueFilter
from transport.model.queue_order import QueueOrder
from transport.ports.spool import MessageDamaged, SpoolUnavailable
from transport.queues.control import OrderRefused
from transport.queues.selection import envelope_row

MAX_ROWS = 500
MAX_SELECTED = 10_000
PIECE_BYTES = 512 * 1024
SEARCH_TIMEOUT_S = 20.0
log = structlog.get_logger(__name__)
Answer = dict[str, Any]


@control_command(name=NodeCommand.LIST.value)  # type: ignore[untyped-decorator]
def list_messages(state: Any, filter: dict[str, Any], offset: int, limit: int) -> Answer:
    """Some of the queued messages that a filter means."""

    def ask(host: TransportHost) -> Any:
        wanted = QueueFilter.of_row(filter)
        page = host.run(host.need().control.page(wanted, offset=max(offset, 0), limit=min(limit, MAX_ROWS)))
        return {"total": page.total, "rows": [row.row() for row in page.rows], "is_partial": page.is_partial}

    return _answer(ask)


@control_command(name=NodeCommand.PREVIEW.value)  # type: ignore[untyped-decorator]
def preview_order(state: Any, filter: dict[str, Any]) -> Answer:
    """How many messages a filter means."""
    wanted = filter
    return _answer(
        lambda host: host.run(host.need().control.preview(QueueFilter.of_row(wanted)), timeout_s=SEARCH_TIMEOUT_S).row()
    )


@control_command(name=NodeCommand.START.value)  # type: ignore[untyped-decorator]
def start_order(state: Any, order: dict[str, Any]) -> Answer:
    """Begin to carry an order out."""

    def begin(host: TransportHost) -> Any:
        given = QueueOrder.of_row(order)
        job = host.run(host.need().control.start(given), timeout_s=SEARCH_TIMEOUT_S)
        log.info(f"message.{given.verb}", actor=given.by, messages=job.selected, filter=given.filter.row())
        return job.row()

    return _answer(begin)


@control_command(name=NodeCommand.JOB.value)  # type: ignore[untyped-decorator]
def order_job(state: Any, job_id: int) -> Answer:
    """How far an order is."""

    def look(host: TransportHost) -> Any:
        job = host.call(lambda service: service.control.job(job_id))
        if job is None:
            raise OrderRefused("the node knows no such order, or has not read its queues yet")
        return job.row()

    return _answer(look)


@control_command(name=NodeCommand.READ.value)  # type: ignore[untyped-decorator]
def read_message(state: Any, message_id: int, offset: int) -> Answer:
    """A piece of a stored message."""

    def read(host: TransportHost) -> Any:
        found = host.run(host.need().read_piece(message_id, max(offset, 0), PIECE_BYTES))
        return {"size_bytes": found.size_bytes, "piece": base64.b64encode(found.octets).decode()}

    return _answer(read)


@control_command(name=NodeCommand.SELECT.value)  # type: ignore[untyped-decorator]
def select_messages(state: Any, filter: dict[str, Any], limit: int) -> Answer:
    """The ids of the messages that a filter means."""
    wanted = filter
    return _answer(
        lambda host: host.run(
            host.need().control.select(QueueFilter.of_row(wanted), limit=min(limit, MAX_SELECTED)),
            timeout_s=SEARCH_TIMEOUT_S,
        ).row()
    )


@control_command(name=NodeCommand.READ_MANY.value)  # type: ignore[untyped-decorator]
def read_messages(state: Any, message_ids: list[int]) -> Answer:
    """Stored messages with their envelopes, the first of those asked: as many as fit into one piece. Of a larger one
    there is the beginning; one that left, or can't be read, says so."""

    def read(host: TransportHost) -> Any:
        found: list[dict[str, Any]] = []
        room = PIECE_BYTES
        for message_id in message_ids[:MAX_ROWS]:
            row = _stored(host, message_id)
            room -= row.get("size_bytes", 0)
            if found and room < 0:
                break
            found.append(row)
        return found

    return _answer(read)


def _stored(host: TransportHost, message_id: int) -> dict[str, Any]:
    service = host.need()
    try:
        found = host.run(service.read_piece(message_id, 0, PIECE_BYTES))
        row = envelope_row(service.read_envelope(message_id))
    except KeyError:
        return {"problem": "it had left the queue"}
    except (MessageDamaged, SpoolUnavailable, OSError) as error:
        return {"problem": str(error)}
    return row | {"size_bytes": found.size_bytes, "piece": base64.b64encode(found.octets).decode()}


@control_command(name=NodeCommand.PROTOCOL.value)  # type: ignore[untyped-decorator]
def find_protocol(state: Any, needle: str, since: float, until: float) -> Answer:
    """What the protocol logs hold of the sessions that a session or queue id stands for."""

    def look(host: TransportHost) -> Any:
        found = host.run(host.need().find_protocol(needle, since=since, until=until), timeout_s=SEARCH_TIMEOUT_S)
        return {"rows": [asdict(row) for row in found.rows], "is_cut": found.is_cut}

    return _answer(look)


@control_command(name=NodeCommand.SUBMIT.value)  # type: ignore[untyped-decorator]
def submit_mail(state: Any, content: str) -> Answer:
    """Take a mail that the console wrote to people of its own; answered once it is on disk."""

    def take(host: TransportHost) -> Any:
        queue_id = host.run(host.need().submit_own(base64.b64decode(content, validate=True)))
        log.info("notices.mail_taken", queue_id=queue_id)
        return queue_id

    return _answer(take)


@control_command(name=NodeCommand.OBEY.value)  # type: ignore[untyped-decorator]
def obey_orders(state: Any) -> Answer:
    """Standing orders have changed: obey them now instead of within seconds."""

    def obey(host: TransportHost) -> Any:
        problem = host.orders_changed()
        if problem:
            raise OrderRefused(problem)

    return _answer(obey)


def _answer(ask: Callable[[TransportHost], Any]) -> Answer:
    host = host_of_this_worker()
    if host is None:
        return {"error": "no transport runs in this worker"}
    try:
        return {"ok": ask(host)}
    except KeyError:
        return {"error": "the message is no longer there"}
    except (OrderRefused, MessageDamaged, SpoolUnavailable, ValueError, TypeError) as refused:
        return {"error": str(refused)}
    except (RuntimeError, TimeoutError) as error:
        return {"error": str(error) or "it did not answer in time"}
