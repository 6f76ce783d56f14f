"""A home in which nothing has ever run: what merely asking made there is taken away after a refusal."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_MADE_BY_ASKING = {Path("secret_key"), Path("run"), Path("run/lock"), Path("log"), Path("static")}


def take_away_unused(home: Path) -> None:
    """Remove the home if it holds nothing else. The caller holds its lock; a file that appears meanwhile keeps it."""
    found = {path.relative_to(home) for path in home.rglob("*")}
    if not found <= _MADE_BY_ASKING:
        return
    with suppress(OSError):
        for path in sorted(found, reverse=True):  # files before their folders
            (home / path).rmdir() if (home / path).is_dir() else (home / path).unlink()
        home.rmdir()
