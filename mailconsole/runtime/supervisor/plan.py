"""Which processes make up the product, with their commands: the same that the containers run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mailconsole.environment import ROOT, Environment
from mailconsole.runtime.supervisor.leftover import leftover_nodes

BIN = Path(sys.executable).parent
_NOT_NODES = frozenset({"supervisor", "valkey", "web", "control", "beat"})


@dataclass(frozen=True, slots=True)
class PartPlan:
    """`stop_order`: lower is stopped first; `drain_s`: how long it may take to end by itself."""

    name: str
    command: tuple[str, ...]
    stop_order: int
    drain_s: float


def transport_nodes(environment: Environment) -> list[str]:
    """Names of this machine's nodes: as many as asked for, else what was measured best for the cores.

    After them those of earlier starts, with more workers or another prefix, that still hold mail.
    """
    count = environment.transport_workers or default_workers()
    asked_for = [f"{environment.node_prefix}-{number}" for number in range(1, count + 1)]
    return asked_for + leftover_nodes(environment.home, asked_for)


def is_node(part: str) -> bool:
    """Whether the part of this name is a transport node."""
    return part not in _NOT_NODES


def default_workers() -> int:
    """One process for each core, up to four: the loop of each keeps a core busy at full load."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, 4))


def plan(environment: Environment, nodes: Sequence[str]) -> list[PartPlan]:
    """All parts but Valkey, in the order of starting."""
    web = (
        str(BIN / "uvicorn"),
        "mailconsole.asgi:application",
        *("--host", environment.web.host, "--port", str(environment.web.port)),
        *("--timeout-graceful-shutdown", "2", "--no-access-log", "--no-server-header"),
    )
    parts = [PartPlan(node, worker(node, node, "--transport", node), 3, 20) for node in nodes]
    return [
        *parts,
        PartPlan("web", web, 0, 6),
        PartPlan("control", worker("control", "control", "--concurrency", "4"), 2, 15),
        PartPlan("beat", (str(BIN / "celery"), "-A", "mailconsole.celery", "beat", "--loglevel", "INFO"), 1, 6),
    ]


def worker(name: str, queue: str, *more: str) -> tuple[str, ...]:
    """A Celery worker on the threads pool: prefork would inherit sockets, solo blocks remote control."""
    concurrency = () if "--concurrency" in more else ("--concurrency", "1")
    return (
        *(str(BIN / "celery"), "-A", "mailconsole.celery", "worker", "--pool", "threads"),
        *("--hostname", f"{name}@%h", "--queues", queue, "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        *concurrency,
        *more,
    )


def child_environment(environment: Environment, redis_url: str) -> dict[str, str]:
    """What children get: everything of ours as it was parsed, so that all agree."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "mailconsole.settings",
        "MAILCONSOLE_HOME": str(environment.home),
        "REDIS_URL": redis_url,
        "PYTHONUNBUFFERED": "1",
    }
