"""Queued messages as a zip: an .eml each with its envelope in front, and a list of what is in it and what is not.

Bounded, in the audit before the first octet, and read piece by piece: nodes go on meanwhile, and what leaves a queue is
said in the list.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from mailconsole.accounts.access import check_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit.services import record
from mailconsole.common.export import csv_lines
from mailconsole.common.refusals import Refusal
from mailconsole.common.zipped import ZipStream
from mailconsole.nodes.dispatch import NodeCommand, NodeDidNotAnswer, NodeRefusedCommand, ask_node, ask_nodes
from mailconsole.queues.services.bulk import where
from mailconsole.queues.services.messages import SEARCH_TIMEOUT_S, read_piece
from mailconsole.queues.services.queues import MAX_REASON, CommandFailed
from transport.model.envelope import encode_queue_id
from transport.model.queue_filter import QueueFilter

MAX_MESSAGES = 5_000
MAX_BYTES = 2 * 1024**3
AT_ONCE = 50
LIST_NAME = "messages.csv"
COLUMNS = ("file", "queue_id", "node", "received_at", "sender", "waiting", "done", "size_bytes", "subject", "problem")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


class ExportTooLarge(Refusal):
    """More messages match than one export holds."""


class NothingToExport(Refusal):
    """No message matches."""


@dataclass
class MessageExport:
    """What is exported: the ids on each node. `pieces` may be read once."""

    ids: dict[str, list[int]]
    at: datetime
    bytes_left: int = MAX_BYTES
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def messages(self) -> int:
        return sum(map(len, self.ids.values()))

    @property
    def file_name(self) -> str:
        return f"queued-{self.at:%Y%m%d-%H%M%S}.zip"

    def pieces(self) -> Iterator[bytes]:
        """The archive."""
        archive = ZipStream(self.at)
        for node, ids in self.ids.items():
            yield from self._of_node(archive, node, ids)
        yield from archive.add(LIST_NAME, (line.encode("utf-8", "replace") for line in csv_lines(self.rows, COLUMNS)))
        yield archive.end()

    def _of_node(self, archive: ZipStream, node: str, ids: list[int]) -> Iterator[bytes]:
        for message_id, found in _read(node, ids):
            row = {"queue_id": encode_queue_id(message_id), "node": node} | _told(found)
            if not found.get("problem") and found["size_bytes"] > self.bytes_left:
                row["problem"] = f"left out: an export holds at most {MAX_BYTES // 1024**3} GB"
            if not row["problem"]:
                self.bytes_left -= found["size_bytes"]
                row["file"] = f"{_UNSAFE.sub('_', node)}/{row['queue_id']}.eml"
                yield from archive.add(row["file"], _octets(node, message_id, found, row))
            self.rows.append(row)


def export_messages(
    *,
    wanted: QueueFilter,
    actor: User,
    reason: str = "",
    request: HttpRequest | None = None,
    now: datetime | None = None,
) -> MessageExport:
    """Choose what matches now. Raises RoleRequired, CommandFailed, ExportTooLarge, NothingToExport."""
    export = preview_export(wanted=wanted, actor=actor, now=now)
    _tell_audit(export, wanted, actor, reason, request)
    return export


def preview_export(*, wanted: QueueFilter, actor: User, now: datetime | None = None) -> MessageExport:
    """What an export would hold: nothing is read and nothing is recorded. Raises as `export_messages`."""
    check_role(actor, Role.OPERATOR)
    now = now or timezone.now()
    wanted = replace(wanted, received_before=wanted.received_before or now.timestamp())
    arguments = {"filter": wanted.row(), "limit": MAX_MESSAGES}
    answers = ask_nodes(NodeCommand.SELECT, arguments, timeout_s=SEARCH_TIMEOUT_S)
    if answers.problems:
        raise CommandFailed(f"{' '.join(answers.problems)} An export without its messages would not be whole.")
    _check_size(answers.of)
    return MessageExport({node: found["ids"] for node, found in sorted(answers.of.items()) if found["ids"]}, now)


def _check_size(found: dict[str, Any]) -> None:
    total = sum(one["total"] for one in found.values())
    if any(one["is_partial"] for one in found.values()):
        raise ExportTooLarge(f"At least {total} messages match; the search took too long. Narrow the filter.")
    if total > MAX_MESSAGES:
        raise ExportTooLarge(f"{total} messages match; an export holds at most {MAX_MESSAGES}. Narrow the filter.")
    if not total:
        raise NothingToExport("No message matches: there is nothing to export.")


def _tell_audit(
    export: MessageExport, wanted: QueueFilter, actor: User, reason: str, request: HttpRequest | None
) -> None:
    record(
        actor=actor,
        action="message.export",
        object_kind="queue" if wanted.queue else "messages",
        object_id=(wanted.queue or "several queues")[:200],
        summary=f"{export.messages} messages {where(wanted)} exported from {', '.join(export.ids)}",
        after={"filter": wanted.row(), "nodes": {node: len(ids) for node, ids in export.ids.items()}},
        reason=reason.strip()[:MAX_REASON],
        request=request,
    )


def _read(node: str, ids: list[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each message in order; a node that falls silent has none to give any more."""
    done = 0
    while done < len(ids):
        asked = ids[done : done + AT_ONCE]
        try:
            found = ask_node(node, NodeCommand.READ_MANY, {"message_ids": asked}, timeout_s=SEARCH_TIMEOUT_S)
        except (NodeDidNotAnswer, NodeRefusedCommand) as problem:
            yield from ((message_id, {"problem": str(problem)}) for message_id in ids[done:])
            return
        yield from zip(asked, found, strict=False)
        done += max(len(found), 1)


def _octets(node: str, message_id: int, found: dict[str, Any], row: dict[str, Any]) -> Iterator[bytes]:
    """Envelope, then the message. It may leave while it is read: then the list says that its file is cut."""
    yield found["header"].encode("utf-8", "replace")
    piece = base64.b64decode(found["piece"])
    offset, size = 0, found["size_bytes"]
    while True:
        yield piece
        offset += len(piece)
        if offset >= size or not piece:
            return
        try:
            piece = read_piece(node, message_id, offset)[0]
        except (NodeDidNotAnswer, NodeRefusedCommand) as problem:
            row["problem"] = f"cut after {offset} octets: {problem}"
            return


def _told(found: dict[str, Any]) -> dict[str, Any]:
    if found.get("problem"):
        return {"problem": found["problem"]}
    return {
        "received_at": datetime.fromtimestamp(found["received_at"], UTC),
        "sender": found["sender"],
        "waiting": " ".join(found["waiting"]),
        "done": found["done"],
        "size_bytes": found["size_bytes"],
        "subject": found["subject"],
        "problem": "",
    }
