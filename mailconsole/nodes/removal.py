"""Taking a node away that will not come back: what it held is told to be lost. One that reports again is back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest

from mailconsole.accounts.access import check_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit.services import record
from mailconsole.common.refusals import Refusal
from mailconsole.nodes.models import Node

_told: list[Callable[[Node], int]] = []


class NodeIsThere(Refusal):
    """The node reported lately."""


class ReasonRequired(Refusal):
    """Mail may be lost: the audit has to say why."""


def register(tell: Callable[[Node], int]) -> None:
    """Plug in who closes the messages of a removed node, and says how many; called in `AppConfig.ready`."""
    if tell not in _told:
        _told.append(tell)


def gone_nodes(now: datetime) -> list[Node]:
    """Those that may be removed."""
    return [node for node in Node.objects.filter(removed_at=None) if node.is_gone(now)]


def remove_node(*, node: Node, actor: User, reason: str, now: datetime, request: HttpRequest | None = None) -> int:
    """Take it away; returns how many of its messages were open. Raises RoleRequired, NodeIsThere, ReasonRequired."""
    check_role(actor, Role.ADMINISTRATOR)
    if not node.is_gone(now):
        raise NodeIsThere(f"The node {node.name} reported within the last hour: stop it first, and wait.")
    if not reason.strip():
        raise ReasonRequired("Say why: what the node held is told to be lost, and the audit keeps the reason.")
    # A heartbeat that comes in between wins.
    if not Node.objects.filter(pk=node.pk, heartbeat_at=node.heartbeat_at).update(removed_at=now):
        raise NodeIsThere(f"The node {node.name} has just reported.")
    lost = sum(tell(node) for tell in _told)
    record(
        actor=actor,
        action="node.remove",
        object_kind="node",
        object_id=node.name,
        summary=f"Node {node.name} removed; {lost} messages that it held are told to be lost",
        after={"messages": lost, "heartbeat_at": node.heartbeat_at},
        reason=reason.strip()[:500],
        request=request,
        now=now,
    )
    return lost
