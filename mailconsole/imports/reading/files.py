"""The files of an import: from an upload, a zip or a disk; bounded before anything is parsed."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from mailconsole.common import storable
from mailconsole.imports.refusals import UnreadableFile

MAX_FILE_OCTETS = 64 * 1024 * 1024
MAX_TOTAL_OCTETS = 256 * 1024 * 1024
MAX_WEB_OCTETS = 24 * 1024 * 1024
"""Unpacked, within a request: what is read here takes some seconds at most."""
MAX_FILES = 500
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, RuntimeError, EOFError, OSError, ValueError,
           ArithmeticError, LookupError)  # fmt: skip
"""What reading a zip may raise: each way to pack has its own, and so have numbers that are no place in a file."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its name without a folder's, and its octets."""

    name: str
    data: bytes

    @property
    def text(self) -> str:
        """Decoded as its first octets say: PowerShell writes UTF-16 and UTF-8 with a mark, old tools neither."""
        for mark, encoding in _BOMS:
            if self.data.startswith(mark):
                return storable.text(self.data.decode(encoding, "replace"))
        try:
            return storable.text(self.data.decode("utf-8"))
        except UnicodeDecodeError:
            return storable.text(self.data.decode("cp1252", "replace"))


def opened(files: Iterable[tuple[str, bytes]], *, most: int = MAX_TOTAL_OCTETS) -> list[Source]:
    """All files, those within zips too; together at most ``most`` octets. Raises UnreadableFile."""
    sources: list[Source] = []
    total = 0
    for name, data in _all(files, min(most, MAX_FILE_OCTETS)):
        total += len(data)
        if len(sources) == MAX_FILES or total > most:
            where = ", or by ./console config import" if most < MAX_TOTAL_OCTETS else ""
            raise UnreadableFile(
                f"These are more than {MAX_FILES} files or {most // 1024**2} MB: import them in parts{where}."
            )
        sources.append(Source(name, data))
    return sources


def _all(files: Iterable[tuple[str, bytes]], most: int) -> Iterator[tuple[str, bytes]]:
    for name, data in files:
        if data.startswith(b"PK\x03\x04"):
            yield from _inside(name, data, most)
        else:
            _check_size(name, len(data), most)
            yield base_name(name), data


def _inside(archive: str, data: bytes, most: int) -> Iterator[tuple[str, bytes]]:
    """Names are labels only: nothing is written to a disk. What an entry says of its size may be a lie."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as found:
            for entry in found.infolist()[: MAX_FILES + 1]:
                if entry.is_dir():
                    continue
                with found.open(entry) as file:
                    content = file.read(most + 1)
                _check_size(entry.filename, len(content), most)
                yield base_name(entry.filename), content
    except UnreadableFile:
        raise
    except _BROKEN as error:
        raise UnreadableFile(f"{base_name(archive)} is no zip that can be read: {error}.") from None


def _check_size(name: str, size: int, most: int) -> None:
    if size > most:
        raise UnreadableFile(f"{base_name(name)} is larger than {most // 1024**2} MB: split it.")


def base_name(name: str) -> str:
    """Without folders of either kind of system."""
    return storable.text(PurePosixPath(name.replace("\\", "/")).name[:120]) or "file"
