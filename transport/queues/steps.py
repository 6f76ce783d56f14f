"""Long work on a queue, cut so that others have the loop between two steps: no step is longer for a longer queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from transport.queues.transaction import Transaction

T = TypeVar("T")
STEP = 100


def cut(pieces: Iterable[list[Transaction]]) -> Iterator[list[Transaction]]:
    """What is looked at in one step each."""
    for piece in pieces:
        for first in range(0, len(piece), STEP):
            yield piece[first : first + STEP]


def go_on(steps: Iterator[T], do: Callable[[T], None]) -> None:
    """Do the first step now, and the others one by one when the loop has seen to all else."""
    for step in steps:
        asyncio.get_running_loop().call_soon(go_on, steps, do)  # before, so that a fault in one does not end the rest
        do(step)
        return
