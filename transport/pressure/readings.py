"""Measures what back pressure is judged by. May wait for a disk: never called on the engine's loop."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from transport.rules.pressure import Readings

_PAGE = os.sysconf("SC_PAGE_SIZE")
_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def measure(folder: Path, *, queue_length: int, memory_total_bytes: int) -> Readings:
    """Read the disk of ``folder`` and this process's memory."""
    total = free = 0
    problem = ""
    try:
        disk = os.statvfs(folder)
        total, free = disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize
    except OSError as error:
        problem = str(error)
    return Readings(queue_length, total, free, resident_bytes(), memory_total_bytes, problem)


def resident_bytes() -> int:
    """What this process holds in memory now; where the system does not say, its highest so far."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return highest if sys.platform == "darwin" else highest * 1024


def memory_total_bytes() -> int:
    """The memory of the machine, or of the container where it has less."""
    total = os.sysconf("SC_PHYS_PAGES") * _PAGE
    for path in _CGROUP_LIMITS:
        try:
            total = min(total, int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return total
