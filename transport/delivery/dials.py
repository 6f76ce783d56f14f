"""What a pool needs to come to connections: whoever finds the exchangers of its next hop and connects to one."""

from __future__ import annotations

from collections.abc import Collection, Coroutine
from typing import Protocol

from transport.delivery.dial import Dialled
from transport.delivery.target import Target
from transport.model.outcome import Outcome


class Dials(Protocol):
    """Makes connections to one next hop."""

    def dial(self, avoid: Collection[Target], last: Outcome | None) -> Coroutine[None, None, Dialled]:
        """One connection that is ready for mail, to none of ``avoid``. Raises ConnectionFailed."""
        ...

    def took_nothing(self, target: Target, outcome: Outcome) -> None:
        """The connection to ``target`` was of no use."""
        ...

    def skipping(self) -> str:
        """A sentence: where no connection is tried for a while; empty where that is so nowhere."""
        ...
