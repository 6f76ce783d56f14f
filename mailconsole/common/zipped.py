"""A zip archive as it is made: nothing of it is kept but what was not yet passed on."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, cast

FASTEST = 1
"""Deflate's level: mail is text, and shrinks well at once."""


class _Passage:
    """What zipfile writes into; it cannot be read again, so that sizes follow each file (APPNOTE 4.3.9)."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """There is nothing behind it."""

    def take(self) -> bytes:
        taken = b"".join(self._written)
        self._written.clear()
        return taken


class ZipStream:
    """Files go in by `add`; what comes out is passed on at once."""

    def __init__(self, at: datetime) -> None:
        self._passage = _Passage()
        self._zip = zipfile.ZipFile(cast(IO[bytes], self._passage), "w", zipfile.ZIP_DEFLATED, compresslevel=FASTEST)
        self._at = at.timetuple()[:6]

    def add(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """One file."""
        entry = zipfile.ZipInfo(name, self._at)
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        with self._zip.open(entry, "w") as file:
            for piece in pieces:
                file.write(piece)
                if out := self._passage.take():
                    yield out
        if out := self._passage.take():
            yield out

    def end(self) -> bytes:
        """The list of the files, which closes the archive."""
        self._zip.close()
        return self._passage.take()
