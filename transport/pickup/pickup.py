"""Sends what lies in a node's Pickup directory: looks every 5 seconds, one file after the other, on the engine's loop.

A file is deleted only when its message is committed (law 1). Whoever may write there is trusted as Exchange trusts
them: no receive connector and no relay policy is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from transport.model.address import NULL
from transport.model.event import EventId, TrackingEvent
from transport.pickup import letter
from transport.pickup.folder import Claimed, PickupFolder
from transport.ports.recipients import RecipientLookup
from transport.ports.spool import SpoolUnavailable
from transport.ports.unavailable import LookupUnavailable
from transport.queues.intake import EngineIntake
from transport.rules import pickup
from transport.rules.ruleset import Ruleset

POLL_S = 5.0  # as Exchange does
log = structlog.get_logger(__name__)


class Pickup:
    """``ruleset`` is replaced with each configuration."""

    def __init__(
        self,
        *,
        folder: Path,
        node: str,
        hostname: str,
        ruleset: Ruleset,
        intake: EngineIntake,
        lookup: RecipientLookup,
        record: Callable[[Sequence[TrackingEvent]], None],
        clock: Callable[[], float],
        poll_s: float = POLL_S,
    ) -> None:
        self.ruleset = ruleset
        self._folder = PickupFolder(folder, node=node, clock=clock)
        self._hostname = hostname
        self._intake = intake
        self._lookup = lookup
        self._record = record
        self._clock = clock
        self._poll_s = poll_s
        self._taken: deque[float] = deque()
        self._is_prepared = False
        self._problem = ""
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._running = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Take no more files; the one that is being sent is finished."""
        self._stopping.set()
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.look()
            except OSError as error:
                self._tell_problem(str(error))
            except Exception:
                log.exception("pickup.failed")
            else:
                self._problem = ""
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._poll_s)

    async def look(self) -> None:
        """Send what is there, as far as limits and back pressure let it. Raises OSError."""
        settings = self.ruleset.organization
        if not settings.is_pickup_enabled:
            return
        if not self._is_prepared:
            for name in await asyncio.to_thread(self._folder.prepare):
                log.warning("pickup.restored", file=name)
            self._is_prepared = True
        now = self._clock()
        while self._taken and self._taken[0] <= now - 60:
            self._taken.popleft()
        room = settings.pickup_directory_max_messages_per_minute - len(self._taken)
        if room <= 0 or self._must_wait:
            return
        for name in await asyncio.to_thread(self._folder.waiting, room):
            if self._stopping.is_set() or self._must_wait:
                return
            claimed = await asyncio.to_thread(self._folder.claim, name)
            if claimed is not None:
                self._taken.append(self._clock())
                await self._send(claimed)

    @property
    def _must_wait(self) -> bool:
        """Medium stops Pickup (exchange.md 4)."""
        return bool(self._intake.why_not_from_outside or self._intake.why_not_accepting)

    async def _send(self, claimed: Claimed) -> None:
        """Commit the file's message, then delete it; put it back where it can't be sent now, aside where never."""
        try:
            file = await asyncio.to_thread(self._read, claimed)
            made = letter.write(
                file, ruleset=self.ruleset, lookup=self._lookup, message_id=self._intake.new_id(),
                hostname=self._hostname, now=self._clock(),
            )  # fmt: skip
            receipt = made.receipt(claimed.name)
            told = letter.rule(made, receipt, self.ruleset, self._lookup) if self.ruleset.has_mail_flow_rules else []
            await self._intake.submit(made.message, [receipt, *told], given_up=made.failed)
        except pickup.BadFile as bad:
            await self._set_aside(claimed, str(bad))
        except (SpoolUnavailable, LookupUnavailable) as error:
            log.warning("pickup.put_back", file=claimed.name, reason=str(error))
            await asyncio.to_thread(self._folder.put_back, claimed)
        except Exception:
            log.exception("pickup.file_failed")
            await self._set_aside(claimed, "It could not be processed; the node's log says more.")
        else:
            await asyncio.to_thread(self._folder.done, claimed)
            log.info("pickup.taken", queue_id=made.message.queue_id)

    async def submit_own(self, content: bytes) -> str:
        """Commit a mail that the console wrote, and return its queue id: a file without a file. With the null
        reverse-path nothing is ever reported about it (RFC 5321 4.5.5), so it can't loop.

        Raises ValueError where it can't be sent as it stands or now, SpoolUnavailable.
        """
        if self._intake.why_not_accepting:
            raise ValueError(self._intake.why_not_accepting)
        try:
            file = replace(pickup.read(content, self.ruleset.organization), sender=NULL)
            made = letter.write(
                file, ruleset=self.ruleset, lookup=self._lookup, message_id=self._intake.new_id(),
                hostname=self._hostname, now=self._clock(),
            )  # fmt: skip
        except (pickup.BadFile, LookupUnavailable) as error:
            raise ValueError(str(error)) from error
        receipt = replace(made.receipt(""), reason="Written by the console.")
        await self._intake.submit(made.message, [receipt], given_up=made.failed)
        return made.message.queue_id

    def _read(self, claimed: Claimed) -> pickup.PickedUp:
        settings = self.ruleset.organization
        content = self._folder.read(claimed, max_bytes=settings.pickup_directory_max_message_size)
        return pickup.read(content, settings)

    async def _set_aside(self, claimed: Claimed, why: str) -> None:
        name = await asyncio.to_thread(self._folder.set_aside, claimed)
        reason = f"{claimed.name} in the Pickup directory is now {name}. {why}"
        log.warning("pickup.bad_file", file=name)
        self._tell(reason)

    def _tell_problem(self, problem: str) -> None:
        """Once, not every five seconds."""
        if problem != self._problem:
            self._problem = problem
            log.error("pickup.directory_unusable", reason=problem)
            self._tell(f"The Pickup directory can't be used: {problem}.")

    def _tell(self, reason: str) -> None:
        with contextlib.suppress(SpoolUnavailable):
            self._record([TrackingEvent(EventId.BAD_MAIL, self._clock(), reason=reason)])
