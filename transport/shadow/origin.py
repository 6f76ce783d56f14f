"""The copies that this node keeps for one spool of another: a spool of their own, and what was delivered of them."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from transport.model.envelope import Message
from transport.ports.spool import RecipientUpdate, SpoolUnavailable
from transport.spool.recovery import settled
from transport.spool.sqlite_spool import SqliteSpool

_FOLDER = re.compile(r"(?P<node>[A-Za-z0-9_.-]{1,100})@(?P<spool>[0-9]{1,20})")
log = structlog.get_logger(__name__)


class Origin:
    """``heard_at`` is when its node was last heard, on the clock that counts seconds of waiting (monotonic).

    ``redirected`` are messages delivered in its place; the node is told when it comes back. ``is_lost``: there is no
    need to wait for it.
    """

    def __init__(self, folder: Path, *, node: str, spool_id: int, clock: Callable[[], float], heard_at: float) -> None:
        self.node = node
        self.spool_id = spool_id
        self.heard_at = heard_at
        self.is_lost = False
        self.redirected: set[int] = set()
        self.connections = 0
        self._folder = folder
        self._spool = SqliteSpool(folder, node=node, clock=clock)

    @classmethod
    def folder_name(cls, node: str, spool_id: int) -> str:
        """Raises ValueError for a name that is none."""
        name = f"{node}@{spool_id}"
        if not _FOLDER.fullmatch(name):
            raise ValueError(f"'{node}' is not the name of a node")
        return name

    @classmethod
    def found(cls, root: Path) -> Iterable[tuple[Path, str, int]]:
        """Folder, node and spool of everything kept below ``root``."""
        for folder in sorted(root.glob("*@*")):
            match = _FOLDER.fullmatch(folder.name)
            if match and folder.is_dir():
                yield folder, match["node"], int(match["spool"])

    async def start(self) -> None:
        """Find what is kept. Raises SpoolUnavailable."""
        await self._spool.start()
        async for _ in self._spool.more():
            pass
        if self._list.exists():
            self.redirected = {int(line) for line in self._list.read_text().split() if line.isdigit()}

    async def stop(self) -> None:
        await self._spool.stop()

    @property
    def count(self) -> int:
        return self._spool.count

    def ids(self) -> list[int]:
        return self._spool.ids()

    async def keep(self, copies: Iterable[tuple[int, int, str, bytes]]) -> None:
        """Store (id, pending recipients as bits, envelope, body); done when synced. Raises SpoolUnavailable."""
        storing, sent_before = [], []
        for message_id, pending, envelope, body in copies:
            if self._spool.holds(message_id):  # on a connection that ended
                sent_before.append(message_id)
                storing.append(self._spool.written())
            else:
                storing.append(self._spool.store(message_id, envelope, body, pending=pending))
        await asyncio.gather(*storing)
        if not all(self._spool.holds(message_id) or message_id in self.redirected for message_id in sent_before):
            raise SpoolUnavailable("the copy that was sent before could not be stored")

    def settle(self, done: Iterable[tuple[int, int]]) -> None:
        """(id, index): the recipient needs nothing more; an index below 0 is the whole message."""
        whole, updates = [], []
        for message_id, index in done:
            if index < 0:
                whole.append(message_id)
            else:
                updates.append(RecipientUpdate(message_id, settled(index)))
        if whole:
            self._spool.discard(whole)
        if updates:
            self._spool.update(updates, ())

    async def read(self, message_id: int) -> Message:
        """A message with its body. Raises SpoolUnavailable, MessageDamaged, KeyError."""
        message = self._spool.read_message(message_id)
        message.body = await self._spool.read_body(message_id)
        return message

    def redirect(self, message_ids: list[int]) -> None:
        """These were delivered in the node's place: remember it, then let the copies go. Raises OSError."""
        with self._list.open("a") as file:
            file.writelines(f"{message_id}\n" for message_id in message_ids)
            file.flush()
            os.fsync(file.fileno())
        self.redirected.update(message_ids)
        self._spool.discard(message_ids)

    def forget(self, message_ids: Iterable[int]) -> None:
        """The node knows of these."""
        self.redirected.difference_update(message_ids)
        if not self.redirected:
            self._list.unlink(missing_ok=True)

    def is_stale(self, *, before: float) -> bool:
        """Whether what was delivered was last added to before then (unix seconds)."""
        return not self._list.exists() or self._list.stat().st_mtime < before

    async def remove(self) -> None:
        """Nothing is kept, and nothing will be asked."""
        await self._spool.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _list(self) -> Path:
        return self._folder / "redirected"
