"""A small file of a node's, for its user only, swapped whole and synced."""

from __future__ import annotations

import os
from pathlib import Path

from mailconsole.environment import PRIVATE_FILE, PRIVATE_FOLDER

DRAFT = ".new"


def write_private(path: Path, text: str) -> None:
    """Raises OSError; then the file is as it was."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    draft = path.with_suffix(DRAFT)
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
