"""A small disk to run out of: a file system in memory where the tests may mount one, else a limit on the size of files.

def test_it(small_disk): small_disk.fill(); ...; small_disk.free()
"""

import resource
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SIZE = "48m"
SMALL_FILE_BYTES = 100_000


@dataclass
class SmallDisk:
    """``full_replies`` are what the relay says when a write fails here: a limit on files is no full disk to SQLite."""

    path: Path
    is_mounted: bool

    @property
    def full_replies(self) -> tuple[str, ...]:
        full = "452 4.3.1 Insufficient system resources, try again later"
        return (full,) if self.is_mounted else (full, "451 4.3.0 ")

    @property
    def _ballast(self) -> Path:
        return self.path / "ballast"

    def fill(self, *, but: int = 0) -> None:
        """Leave no room, or ``but`` octets."""
        if not self.is_mounted:
            self._limit_files(SMALL_FILE_BYTES)
            return
        with self._ballast.open("wb", buffering=0) as file:
            for size in (1024 * 1024, 4096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue
            file.truncate(max(file.tell() - but, 0))

    def free(self) -> None:
        """Give the room back."""
        if self.is_mounted:
            self._ballast.unlink()
        else:
            self._limit_files(resource.RLIM_INFINITY)

    def _limit_files(self, size: int) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of its own for the test; whatever uses it must have stopped at the end."""
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = SmallDisk(folder, _mount(folder))
    yield disk
    if disk.is_mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)
    else:
        disk.free()


def _mount(folder: Path) -> bool:
    if shutil.which("mount") is None:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
