"""Sees that a node's machine has the look-up file of what the console knows of the directory.

Where the control worker runs, each reading makes it; on a machine with nodes alone nobody else does. It is built in a
process of its own: 200,000 recipients take a minute, in which mail goes on.
"""

from __future__ import annotations

import subprocess
import sys

import structlog

from mailconsole.environment import ROOT
from mailconsole.recipients.services.snapshot import is_file_current
from mailconsole.runtime.ticker import Ticker

BUILD_WITHIN_S = 1800.0
log = structlog.get_logger(__name__)


class DirectoryWatch(Ticker):
    """Ticks once a minute. What is behind at two ticks in a row is built: a reading on this machine is faster."""

    name = "directory"
    every_s = 60.0

    def __init__(self) -> None:
        super().__init__()
        self._is_behind = False

    def tick(self) -> bool:
        was_behind, self._is_behind = self._is_behind, not is_file_current()
        if was_behind and self._is_behind:
            build()
        return False


def build() -> None:
    """Build the file. What fails is told, and tried again a minute later."""
    command = (sys.executable, str(ROOT / "manage.py"), "look_up_file")
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_WITHIN_S, check=False)
    said = (done.stdout or done.stderr).strip().splitlines()[-1:]
    if done.returncode:
        log.warning("directory.file_not_built", reason=" ".join(said)[:500])
    else:
        log.info("directory.file_built", said=" ".join(said))
