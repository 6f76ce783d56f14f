"""The files of one kind of protocol log: an hour and a size each, kept for an age and a size in all. Blocking."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from transport.protocol_log.rows import FIELDS, Mark, Row, decode, stamp

MB = 1024 * 1024
MAX_FOUND = 2000
READING_S = 3.0
"""How long one reading of the files may take; a search reads them twice."""
CLOCK_LINES = 1000
_NAME = re.compile(r"[A-Z]{4}([0-9]{10})-([0-9]{1,6})\.LOG")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Exchange's ReceiveProtocolLogMaxAge, MaxDirectorySize and MaxFileSize, and those of sending."""

    max_age_s: float = 30 * 86400
    max_directory_bytes: int = 250 * MB
    max_file_bytes: int = 10 * MB


@dataclass(frozen=True, slots=True)
class Found:
    """``is_cut`` where there may be more: the search ended at its time, or at its number of rows."""

    rows: tuple[Row, ...] = ()
    is_cut: bool = False


class LogFiles:
    """``RECV2026112711-1.LOG`` and so on in ``folder``; ``prefix`` is RECV or SEND."""

    def __init__(self, folder: Path, prefix: str, title: str) -> None:
        self._folder = folder
        self._prefix = prefix
        self._title = title
        self._path: Path | None = None
        self._hour = ""
        self._size = 0

    def write(self, lines: Sequence[str], *, now: float, bounds: Bounds) -> None:
        """Append; begin another file and remove old ones where it is time. Raises OSError."""
        octets = "".join(lines).encode("utf-8", "backslashreplace")
        hour = _hour(now)
        if self._path is None or hour != self._hour or self._size + len(octets) > bounds.max_file_bytes:
            self._begin(hour, now)
            self._remove_old(now, bounds)
        assert self._path is not None
        with self._path.open("ab") as file:
            file.write(octets)
        self._size += len(octets)

    def _begin(self, hour: str, now: float) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        taken = [int(found[2]) for path in self._all() if (found := _NAME.fullmatch(path.name)) and found[1] == hour]
        self._path = self._folder / f"{self._prefix}{hour}-{max(taken, default=0) + 1}.LOG"
        self._hour = hour
        head = (
            f"#Software: Mailconsole\r\n#Version: 1\r\n#Log-type: {self._title}\r\n#Date: {stamp(now)}\r\n"
            f"#Fields: {','.join(FIELDS)}\r\n"
        )
        self._path.touch(mode=0o600)
        self._path.write_text(head, newline="")
        self._size = len(head)

    def _all(self) -> list[Path]:
        """In order of time."""
        found = [(match[1], int(match[2]), path) for path in self._folder.glob(f"{self._prefix}*.LOG")
                 if (match := _NAME.fullmatch(path.name))]  # fmt: skip
        return [path for _, _, path in sorted(found)]

    def _remove_old(self, now: float, bounds: Bounds) -> None:
        kept = bounds.max_file_bytes  # the one that was begun
        for path in reversed(self._all()):
            if path == self._path:
                continue
            state = path.stat()
            kept += state.st_size
            if kept > bounds.max_directory_bytes or now - state.st_mtime > bounds.max_age_s:
                path.unlink(missing_ok=True)

    def find(self, needle: str, *, since: float, until: float) -> Found:
        """The rows of all sessions in which ``needle`` (a session or queue id) occurs, of the hours in between."""
        paths = [path for path in self._all() if _hour(since) <= path.name[4:14] <= _hour(until)]
        octets = needle.encode("utf-8", "backslashreplace")
        looking = _Reading(paths)
        sessions = {
            row.session_id.encode()
            for line in looking.lines()
            if octets in line and (row := _row(line)) is not None and _is_about(row, needle)
        }
        reading = _Reading(paths if sessions else ())
        found: list[Row] = []
        for line in reading.lines():
            if _session(line) in sessions and (row := _row(line)) is not None:
                found.append(row)
                if len(found) == MAX_FOUND:
                    break
        found.sort(key=lambda row: (row.session_id, int(row.sequence_number)))
        return Found(tuple(found), looking.is_cut or reading.is_cut or len(found) == MAX_FOUND)


class _Reading:
    """The lines of files as octets: few are worth parsing. Ends at its time, and says so."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self.is_cut = False

    def lines(self) -> Iterator[bytes]:
        end = time.monotonic() + READING_S
        for path in self._paths:
            try:
                with path.open("rb") as file:
                    for number, line in enumerate(file):
                        if number % CLOCK_LINES == 0 and time.monotonic() >= end:
                            self.is_cut = True
                            return
                        yield line
            except FileNotFoundError:  # its time was over just now
                continue


def _is_about(row: Row, needle: str) -> bool:
    """What the other side says counts for nothing: else a stranger puts itself beside another's message."""
    if needle in (row.session_id, row.context):
        return True
    return row.event == Mark.SEND and row.data.startswith(f"250 2.6.0 {needle} ")


def _row(line: bytes) -> Row | None:
    return decode(line.decode("utf-8", "backslashreplace"))


def _session(line: bytes) -> bytes:
    """Its session id, without parsing but where the connector's name is quoted."""
    fields = line.split(b",", 3)
    if len(fields) < 4:
        return b""
    if not fields[1].startswith(b'"'):
        return fields[2]
    row = _row(line)
    return row.session_id.encode() if row is not None else b""


def _hour(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%d%H")
