"""Keeps on disk what clients sent under relay policies with a rate, so that a restart forgives nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from transport.listener import relay_usage
from transport.listener.relay_usage import RelayUsage

log = structlog.get_logger(__name__)


class UsageFile:
    """``folder`` is the node's."""

    def __init__(self, folder: Path, *, node: str, clock: Callable[[], float]) -> None:
        self._path = folder / "relay-usage.json"
        self._node = node
        self._clock = clock

    def load(self, usage: RelayUsage) -> None:
        """Count on from what is kept, if anything is."""
        try:
            usage.load(self._path)
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError) as error:
            log.warning("service.relay_usage_unreadable", node=self._node, reason=str(error))

    async def save(self, usage: RelayUsage) -> None:
        """Without room on the disk mail waits anyway."""
        if not usage.is_changed:
            return
        text = usage.snapshot(self._clock())
        try:
            await asyncio.get_running_loop().run_in_executor(None, relay_usage.write, self._path, text)
        except OSError as error:
            log.warning("service.relay_usage_not_kept", node=self._node, reason=str(error))
