"""The files of an import: from an upload, a zip or a disk; bounded before anything is parsed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from mailconsole.imports.refusals import UnreadableFile

MAX_FILE_OCTETS = 64 * 1024 * 1024
MAX_TOTAL_OCTETS = 256 * 1024 * 1024
MAX_FILES = 500
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


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
                return self.data.decode(encoding, "replace")
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError:
            return self.data.decode("cp1252", "replace")


def opened(files: Iterable[tuple[str, bytes]]) -> list[Source]:
    """All files, those within zips too. Raises UnreadableFile."""
    sources: list[Source] = []
    total = 0
    for name, data in _all(files):
        total += len(data)
        if len(sources) == MAX_FILES or total > MAX_TOTAL_OCTETS:
            raise UnreadableFile(
                f"These are more than {MAX_FILES} files or {MAX_TOTAL_OCTETS // 1024**2} MB: import them in parts."
            )
        sources.append(Source(name, data))
    return sources


def _all(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    for name, data in files:
        if data.startswith(b"PK\x03\x04"):
            yield from _inside(name, data)
        else:
            _check_size(name, len(data))
            yield base_name(name), data


def _inside(archive: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Names are labels only: nothing is written to a disk. What an entry says of its size may be a lie."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as found:
            for entry in found.infolist()[: MAX_FILES + 1]:
                if entry.is_dir():
                    continue
                with found.open(entry) as file:
                    content = file.read(MAX_FILE_OCTETS + 1)
                _check_size(entry.filename, len(content))
                yield base_name(entry.filename), content
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise UnreadableFile(f"{base_name(archive)} is no zip that can be read: {error}.") from None


def _check_size(name: str, size: int) -> None:
    if size > MAX_FILE_OCTETS:
        raise UnreadableFile(f"{base_name(name)} is larger than {MAX_FILE_OCTETS // 1024**2} MB: split it.")


def base_name(name: str) -> str:
    """Without folders of either kind of system."""
    return PurePosixPath(name.replace("\\", "/")).name[:120] or "file"
