"""What a process that was started says, passed on to whoever started it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable


def show(lines: Iterable[bytes]) -> None:
    """Print them all; where the reader has seen enough (`| head`), read them all the same: who says them goes on."""
    for line in lines:
        try:
            sys.stdout.buffer.write(line)
            sys.stdout.flush()
        except BrokenPipeError:  # else Python would try again as it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
