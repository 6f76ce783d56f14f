"""`status` and `down`: what runs in a home, asked from outside."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from mailconsole.environment import Environment, read_environment
from mailconsole.nodes.snapshots import Live, read_live
from mailconsole.runtime.supervisor import health, process
from mailconsole.runtime.supervisor.plan import is_node
from mailconsole.runtime.supervisor.state import Part, State, read_state

STOP_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class Status:
    """`revision` is the head's number; `nodes` what each transport says it runs."""

    is_running: bool
    phase: str
    addresses: dict[str, str]
    parts: list[dict[str, Any]] = field(default_factory=list)
    revision: int | None = None
    nodes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_healthy(self) -> bool:
        return self.is_running and all(part["is_healthy"] for part in self.parts)


def status(environment: Environment) -> Status:
    """Ask every part. Never raises for a part that is away."""
    state = read_state(environment.home)
    if state is None or not state.supervisor.is_alive:
        return Status(False, "stopped", _addresses(environment))
    asked = read_environment({**os.environ, **_as_given(state)})
    settings.REDIS_URL = state.redis_url
    live = read_live()
    parts = [_part(asked, state, part, live) for part in (state.supervisor, *state.parts)]
    revision, nodes = _revisions(state)
    return Status(True, state.phase, _addresses(asked), parts, revision, nodes)


def _as_given(state: State) -> dict[str, str]:
    return {
        "MAILCONSOLE_WEB": state.web,
        "MAILCONSOLE_SMTP": state.smtp,
        "MAILCONSOLE_SUBMISSION": state.submission,
    }


def _addresses(environment: Environment) -> dict[str, str]:
    return {"web": str(environment.web), "smtp": str(environment.smtp), "submission": str(environment.submission)}


def _part(environment: Environment, state: State, part: Part, live: Live) -> dict[str, Any]:
    is_healthy = part.is_alive and part.state == "running"
    if is_healthy and part.name == "web":
        is_healthy = health.web_answers(environment.web)
    elif is_healthy and part.name == "valkey":
        is_healthy = health.redis_answers(state.redis_url)
    elif is_healthy and is_node(part.name):
        is_healthy = _is_node_healthy(environment, part, live)
    return {
        "name": part.name,
        "pid": part.pid if part.is_alive else None,
        "state": part.state if part.is_alive else "dead",
        "is_healthy": bool(is_healthy),
        "restarts": part.restarts,
    }


def _is_node_healthy(environment: Environment, part: Part, live: Live) -> bool:
    """What the node shows of itself; while Redis is away, whether anybody greets at the address that all share."""
    if live.is_reachable:
        return any(shown.node == part.name and shown.listening for shown in live.snapshots)
    return health.smtp_answers(environment.smtp)


def _revisions(state: State) -> tuple[int | None, list[dict[str, Any]]]:
    """The head's number and what each node runs; nothing while the database is away."""
    from django.db import Error as DatabaseError

    from mailconsole.nodes.services import known_nodes
    from mailconsole.runtime.revisions import head_number

    try:
        names = {part.name for part in state.parts}
        nodes = [
            {"node": n.name, "revision": n.running_revision, "is_accepting": n.is_accepting, "why_not": n.why_not}
            for n in known_nodes()
            if n.name in names
        ]
        return head_number(), nodes
    except DatabaseError:
        return None, []


def down(environment: Environment) -> str:
    """Stop what runs in the home and wait; returns what was done, as a sentence."""
    state = read_state(environment.home)
    if state is None:
        return "Mailconsole does not run here."
    was_running = state.supervisor.is_alive
    process.end(state.supervisor.pid, state.supervisor.started, wait_s=STOP_WITHIN_S)
    left = [part for part in (*state.parts, *(read_state(environment.home) or state).parts) if part.is_alive]
    for part in left:
        process.end(part.pid, part.started, wait_s=15)
    if was_running:
        return "Stopped."
    return "Ended what a killed supervisor had left running." if left else "Mailconsole does not run here."
