"""Queued messages of all nodes: listed a page at a time, and read for export."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest

from mailconsole.accounts.access import check_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit.services import record
from mailconsole.nodes.dispatch import NodeCommand, ask_node, ask_nodes
from transport.model.envelope import decode_queue_id
from transport.model.queue_filter import QueueFilter
from transport.model.queued import QueuedMessage

PAGE = 50
SEARCH_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class OnNode:
    """A queued message and where it is."""

    node: str
    message: QueuedMessage


@dataclass(frozen=True, slots=True)
class MessagePage:
    """``rows`` from ``offset`` on, of ``total``; node after node. ``problems``: nodes that did not answer.
    ``is_partial``: the search took too long, there are more."""

    rows: tuple[OnNode, ...]
    total: int
    offset: int
    problems: tuple[str, ...] = ()
    is_partial: bool = False

    @property
    def first(self) -> int:
        return self.offset + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return self.offset + len(self.rows)

    @property
    def previous(self) -> int | None:
        return max(self.offset - PAGE, 0) if self.offset else None

    @property
    def following(self) -> int | None:
        return self.last if self.last < self.total else None


def list_messages(wanted: QueueFilter, *, offset: int = 0, limit: int = PAGE) -> MessagePage:
    """Ask every node for the rows that it may have on this page; never raises because of nodes."""
    arguments = {"filter": wanted.row(), "offset": 0, "limit": offset + limit}
    if offset + limit > PAGE:
        return _deep(wanted, offset, limit)
    answers = ask_nodes(NodeCommand.LIST, arguments, timeout_s=SEARCH_TIMEOUT_S)
    rows = [OnNode(node, QueuedMessage.of_row(row)) for node, found in sorted(answers.of.items())
            for row in found["rows"]]  # fmt: skip
    total = sum(found["total"] for found in answers.of.values())
    is_partial = any(found["is_partial"] for found in answers.of.values())
    return MessagePage(tuple(rows[offset : offset + limit]), total, offset, answers.problems, is_partial)


def _deep(wanted: QueueFilter, offset: int, limit: int) -> MessagePage:
    """How many each has, first; then only those are asked whose messages are on the page."""
    counted = ask_nodes(NodeCommand.LIST, {"filter": wanted.row(), "offset": 0, "limit": 0}, timeout_s=SEARCH_TIMEOUT_S)
    rows: list[OnNode] = []
    before, problems = 0, list(counted.problems)
    for node, found in sorted(counted.of.items()):
        first, room = max(offset - before, 0), limit - len(rows)
        if room > 0 and first < found["total"]:
            arguments = {"filter": wanted.row(), "offset": first, "limit": room}
            answer = ask_node(node, NodeCommand.LIST, arguments, timeout_s=SEARCH_TIMEOUT_S)
            rows += [OnNode(node, QueuedMessage.of_row(row)) for row in answer["rows"]]
        before += found["total"]
    is_partial = any(found["is_partial"] for found in counted.of.values())
    return MessagePage(tuple(rows), before, offset, tuple(problems), is_partial)


def where_is(node: str, queue_id: str) -> tuple[OnNode, ...]:
    """The message in each queue that holds it. Raises BadFilter, NodeDidNotAnswer, NodeRefusedCommand."""
    arguments = {"filter": QueueFilter(messages=(queue_id,)).row(), "offset": 0, "limit": PAGE}
    answer = ask_node(node, NodeCommand.LIST, arguments, timeout_s=SEARCH_TIMEOUT_S)
    return tuple(OnNode(node, QueuedMessage.of_row(row)) for row in answer["rows"])


def export_message(
    *, node: str, queue_id: str, actor: User, reason: str = "", request: HttpRequest | None = None
) -> Iterator[bytes]:
    """The message as it is stored, in pieces: an .eml. Audited before the first octet.

    Raises RoleRequired, NodeDidNotAnswer, NodeRefusedCommand, ValueError.
    """
    check_role(actor, Role.OPERATOR)
    message_id = decode_queue_id(queue_id)
    first = read_piece(node, message_id, 0)
    record(
        actor=actor,
        action="message.export",
        object_kind="message",
        object_id=queue_id,
        summary=f"Message {queue_id} exported from {node}, {first[1]} octets",
        reason=reason,
        request=request,
    )
    return _pieces(node, message_id, *first)


def _pieces(node: str, message_id: int, piece: bytes, size_bytes: int) -> Iterator[bytes]:
    offset = 0
    while piece:
        yield piece
        offset += len(piece)
        piece = read_piece(node, message_id, offset)[0] if offset < size_bytes else b""


def read_piece(node: str, message_id: int, offset: int) -> tuple[bytes, int]:
    """Octets from ``offset`` on, and how many there are in all. Raises NodeDidNotAnswer, NodeRefusedCommand."""
    answer = ask_node(node, NodeCommand.READ, {"message_id": message_id, "offset": offset}, timeout_s=SEARCH_TIMEOUT_S)
    return base64.b64decode(answer["piece"]), answer["size_bytes"]
