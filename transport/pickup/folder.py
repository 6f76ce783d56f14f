"""The files of a Pickup directory, by their names: .eml waits, .NODE.tmp is being sent by that node, .bad stays.

Blocking; called in a thread. Everything in the directory is somebody else's: links and pipes are not followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transport.config.types import format_size
from transport.rules.pickup import BadFile

SETTLED_S = 2.0
"""A file that was changed within this time may not be whole yet."""
FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Claimed:
    """A file that is ours to send; ``name`` is what it was called, as text that can be told."""

    path: Path
    stem: str
    name: str


class PickupFolder:
    """One directory as one node sees it; several nodes may share it."""

    def __init__(self, path: Path, *, node: str, clock: Callable[[], float]) -> None:
        self.path = path
        self._ending = f".{node}.tmp"
        self._clock = clock

    def prepare(self) -> list[str]:
        """Make the directory; give files that were being sent their old names back, and return these. Raises OSError.

        Such a file may have been committed just before the end: it is then sent twice, never not at all.
        """
        self.path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        ours = [entry.name for entry in os.scandir(self.path) if entry.name.endswith(self._ending)]
        return [_told(self._put_back(self.path / name, name.removesuffix(self._ending)).name) for name in sorted(ours)]

    def waiting(self, limit: int) -> list[str]:
        """Names of up to ``limit`` files to send, the oldest first. Raises OSError."""
        found: list[tuple[float, str]] = []
        with os.scandir(self.path) as entries:
            for entry in entries:
                if entry.name.lower().endswith(".eml"):
                    changed_at = _changed_at(entry)
                    if not 0 <= self._clock() - changed_at < SETTLED_S:
                        found.append((changed_at, entry.name))
        return [name for _, name in sorted(found)[:limit]]

    def claim(self, name: str) -> Claimed | None:
        """Take a file, None where another node was faster. Raises OSError."""
        stem = name[: -len(".eml")]
        path = self.path / f"{stem}{self._ending}"
        try:
            (self.path / name).rename(path)
        except FileNotFoundError:
            return None
        return Claimed(path, stem, _told(name))

    def read(self, claimed: Claimed, *, max_bytes: int) -> bytes:
        """What it holds. Raises BadFile where that can't be sent at all."""
        try:
            content = _octets(claimed.path, max_bytes + 1)
        except OSError as error:
            raise BadFile(f"It can't be read: {error.strerror}.") from error
        if len(content) > max_bytes:
            raise BadFile(f"It is larger than {format_size(max_bytes)}.")
        return content

    def done(self, claimed: Claimed) -> None:
        """Its message is committed. Raises OSError."""
        claimed.path.unlink()

    def put_back(self, claimed: Claimed) -> None:
        """It could not be sent now. Raises OSError."""
        self._put_back(claimed.path, claimed.stem)

    def set_aside(self, claimed: Claimed) -> str:
        """It can't be sent; returns its new name. Raises OSError."""
        path = _free(self.path, claimed.stem, ".bad")
        claimed.path.rename(path)
        return _told(path.name)

    def _put_back(self, path: Path, stem: str) -> Path:
        return path.rename(_free(self.path, stem, ".eml"))


def _octets(path: Path, count: int) -> bytes:
    """The first ``count`` octets of a plain file. Raises BadFile, OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadFile("It is no plain file.")
    with os.fdopen(descriptor, "rb") as file:
        return file.read(count)


def _changed_at(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return 0.0


def _free(folder: Path, stem: str, ending: str) -> Path:
    """A name that nothing has: a file of the same name may have come meanwhile."""
    number, path = 1, folder / f"{stem}{ending}"
    while os.path.lexists(path):  # a dangling link is there too
        number += 1
        path = folder / f"{stem}-{number}{ending}"
    return path


def _told(name: str) -> str:
    """A name from the file system as text for people; it need not be UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")[:200]
