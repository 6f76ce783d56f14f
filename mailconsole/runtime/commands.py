"""What a node does when the console asks: Celery control commands. A lost one is lost: the database says what is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from celery.worker.control import control_command

from mailconsole.nodes.dispatch import CONFIGURATION_PUBLISHED, NodeCommand
from mailconsole.runtime.host import TransportHost
from transport.service.engine import TransportService

_hosts: list[TransportHost] = []
log = structlog.get_logger(__name__)


def serve(host: TransportHost) -> None:
    """Commands that reach this process are for this node."""
    _hosts[:] = [host]


def host_of_this_worker() -> TransportHost | None:
    """The node that this process runs."""
    return _hosts[0] if _hosts else None


@control_command(name=CONFIGURATION_PUBLISHED, args=[("number", int)])  # type: ignore[untyped-decorator]
def configuration_published(state: Any, number: int) -> dict[str, str]:
    """A revision is out: look now instead of within a second."""
    for host in _hosts:
        host.configuration_changed()
    return {"ok": ""}


@control_command(name=NodeCommand.RETRY.value, args=[("queue_key", str), ("actor", str)])  # type: ignore[untyped-decorator]
def retry_queue(state: Any, queue_key: str, actor: str) -> dict[str, str]:
    """Try a queue's messages now."""
    return _act("queue.retried", queue_key, actor, lambda service: service.retry_queue(queue_key))


def _act(event: str, queue_key: str, actor: str, action: Callable[[TransportService], int]) -> dict[str, str]:
    if not _hosts:
        return {"error": "no transport runs in this worker"}
    try:
        count = _hosts[0].call(action)
    except LookupError:
        return {"error": "there is no such queue now"}
    except (RuntimeError, TimeoutError) as error:
        return {"error": str(error) or "the node did not answer in time"}
    log.info(event, queue=queue_key, actor=actor, messages=count)
    return {"ok": f"{count} {'message' if count == 1 else 'messages'}"}
