"""Keeps an order that was begun on the node's own disk, message by message, until all of it is done: a node that died
goes on with it. One file for each order: what was ordered, then a short line for each thing that happened."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from transport.model.queue_order import QueueOrder

DONE, PENDING, LEFT_OUT, ON_DISK, TAKEN_UP = "+", "~", "-", "=", "^"
SUFFIX = ".order"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """Recipients of one message that an order means."""

    number: int
    message_id: int
    indexes: frozenset[int]


class OrderRecord:
    """``highest``: by the number of a target, the highest recipient index that its message had before it was done.
    ``tries``: how often it was taken up since anything of it came to disk. Without ``path`` nothing is kept."""

    def __init__(self, job_id: int, order: QueueOrder, targets: Sequence[Target], path: Path | None = None) -> None:
        self.job_id = job_id
        self.order = order
        self.targets = targets
        self.done: set[int] = set()
        self.left_out: set[int] = set()
        self.highest: dict[int, int] = {}
        self.tries = 0
        self._path = path
        self._file: int | None = None
        self._in_order: list[int] = []  # done, and not waiting for a delivery to end
        self._on_disk = 0  # the first of those

    @property
    def done_count(self) -> int:
        """What ``mark_on_disk`` takes, once all that was done by now is written."""
        return len(self._in_order)

    @property
    def remaining(self) -> list[Target]:
        """What may have to be done after a crash, also once more."""
        ended = self.left_out | set(self._in_order[: self._on_disk])
        return [target for target in self.targets if target.number not in ended]

    def begin(self) -> None:
        """Synced when it returns. Raises OSError."""
        if self._path is None:
            return
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        targets = [[one.message_id, sorted(one.indexes)] for one in self.targets]
        head = json.dumps({"order": self.order.row(), "targets": targets})
        draft = self._path.with_suffix(".new")
        with draft.open("w", encoding="ascii") as file:
            file.write(head + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._open()

    def mark_done(self, number: int, *, highest: int = 0, is_pending: bool = False) -> None:
        """``is_pending``: it is done when the delivery in progress ends, and only then on disk."""
        self._say(f"{PENDING if is_pending else DONE}{number} {highest}")
        self._done(number, highest, is_pending=is_pending)

    def _done(self, number: int, highest: int, *, is_pending: bool) -> None:
        self.highest.setdefault(number, highest)
        self.done.add(number)
        if not is_pending:
            self._in_order.append(number)

    def mark_left_out(self, number: int) -> None:
        """It stays left out."""
        self.left_out.add(number)
        self._say(f"{LEFT_OUT}{number}")

    def mark_on_disk(self, count: int) -> None:
        """The spool has the first ``count`` that were done."""
        self._on_disk, self.tries = max(self._on_disk, count), 0
        self._say(f"{ON_DISK}{count}")

    def mark_taken_up(self) -> None:
        self.tries += 1
        self._say(TAKEN_UP)

    def end(self) -> None:
        """Nothing is left to go on with."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._path is not None:
            try:
                self._path.unlink(missing_ok=True)
            except OSError as error:  # it is found whole at the next start, and ended then
                log.warning("queues.order_not_forgotten", job=self.job_id, reason=str(error))

    @classmethod
    def read(cls, path: Path) -> OrderRecord:
        """What a node before this one began. Raises OSError, ValueError, KeyError, TypeError."""
        head, *lines = path.read_text(encoding="ascii", errors="replace").split("\n")
        row = json.loads(head)
        targets = [Target(n, found[0], frozenset(found[1])) for n, found in enumerate(row["targets"])]
        record = cls(int(path.stem), QueueOrder.of_row(row["order"]), targets, path)
        for line in lines[:-1]:  # the last one has no end where the power failed
            if not record._hear(line):
                break
        record._open()
        return record

    def _hear(self, line: str) -> bool:
        mark, numbers = line[:1], line[1:].split()
        if not all(number.isdecimal() for number in numbers):
            return False
        match mark, [int(number) for number in numbers]:
            case (("+" | "~"), [number, highest]):
                self._done(number, highest, is_pending=mark == PENDING)
            case "-", [number]:
                self.left_out.add(number)
            case "=", [count]:
                self._on_disk, self.tries = max(self._on_disk, count), 0
            case "^", []:
                self.tries += 1
            case _:
                return False
        return True

    def _open(self) -> None:
        if self._path is not None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def _say(self, line: str) -> None:
        """Not synced: the death of the process loses nothing of it, and what the power took is done once more."""
        if self._file is None:
            return
        try:
            os.write(self._file, line.encode() + b"\n")
        except OSError as error:
            log.warning("queues.order_not_kept", job=self.job_id, reason=str(error))
            os.close(self._file)
            self._file = None


def read_all(folder: Path) -> list[OrderRecord]:
    """The orders that were begun, the first one first; what cannot be read is set aside."""
    found: list[OrderRecord] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            found.append(OrderRecord.read(path))
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            log.error("queues.order_unreadable", path=path.name, reason=str(error)[:500])
            with contextlib.suppress(OSError):
                path.rename(path.with_suffix(".unreadable"))
    return found
