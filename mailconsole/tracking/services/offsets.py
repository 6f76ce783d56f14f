"""How far the events of each node are stored. Read and written in each batch, so without Django's query builder: that
would cost more than both statements."""

from __future__ import annotations

from functools import cache

from django.db import connection
from django.utils import timezone

from mailconsole.nodes.models import Node
from mailconsole.tracking.models import ShipperOffset


def shipped_up_to(node: str) -> int:
    """The last sequence of a node that is stored; 0 for a node not heard of yet."""
    return ShipperOffset.objects.filter(node__name=node).values_list("sequence", flat=True).first() or 0


def lock(node: str) -> tuple[int, int]:
    """The node's id and its last sequence. Two shippers of one node wait for each other here; SQLite lets one writer in
    anyway."""
    found = _locked(node)
    if found is None:
        known, _ = Node.objects.get_or_create(name=node)
        ShipperOffset.objects.get_or_create(node=known)
        found = _locked(node)
        assert found is not None
    return found


def move(node_id: int, *, to: int) -> None:
    """All up to this sequence is stored, once the caller's transaction ends."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(_statements(connection.vendor)[1], (to, now, node_id))


def _locked(node: str) -> tuple[int, int] | None:
    with connection.cursor() as cursor:
        cursor.execute(_statements(connection.vendor)[0], (node,))
        found: tuple[int, int] | None = cursor.fetchone()
    return found


@cache
def _statements(_: str) -> tuple[str, str]:
    offsets, nodes = (connection.ops.quote_name(model._meta.db_table) for model in (ShipperOffset, Node))
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    node = f"(SELECT id FROM {nodes} WHERE name = %s)"  # noqa: S608
    return (
        f"SELECT node_id, sequence FROM {offsets} WHERE node_id = {node}{lock}",  # noqa: S608
        f"UPDATE {offsets} SET sequence = %s, updated_at = %s WHERE node_id = %s",  # noqa: S608
    )
