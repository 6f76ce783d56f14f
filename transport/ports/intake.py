"""Where accepted mail enters the engine."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Sequence
from typing import Protocol

from transport.model.envelope import Message
from transport.model.event import TrackingEvent
from transport.ports.spool import Stored


class Intake(Protocol):
    """Where accepted mail enters the engine: resolved, routed, committed, queued."""

    @property
    def why_not_accepting(self) -> str:
        """Empty while mail is taken; else the private reason for which new mail is deferred (draining, disk full)."""
        ...

    @property
    def why_not_from_outside(self) -> str:
        """Empty while mail is taken from everybody; else why mail from outside is deferred (back pressure)."""
        ...

    def new_id(self) -> int:
        """A message id for ``Message.id``; its queue id stands in the Received header."""
        ...

    def submit(self, message: Message, events: Sequence[TrackingEvent]) -> Future[None]:
        """Resolve, route and commit ``message`` (``body`` set, trace headers prepended); then queue it.

        The future is done when the message is synced to disk; it fails with SpoolUnavailable, and then nothing was
        stored. ``events`` are the RECEIVE events; resolving and routing add theirs.
        """
        ...

    def take(self, message: Message, event: TrackingEvent, then: Stored) -> None:
        """``submit`` without a future."""
        ...

    def record(self, events: Sequence[TrackingEvent]) -> None:
        """Keep events that belong to no message (refusals)."""
        ...
