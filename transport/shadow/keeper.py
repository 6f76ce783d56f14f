"""Keeps copies for other nodes, and delivers them when their node is not heard any more."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import Future
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from transport.model.envelope import Message
from transport.model.event import EventId, TrackingEvent
from transport.model.outcome import RecipientStatus
from transport.model.ruled import Ruled
from transport.ports.spool import MessageDamaged, SpoolUnavailable
from transport.shadow.origin import Origin
from transport.spool.sqlite_spool import SqliteSpool

AT_ONCE = 50
log = structlog.get_logger(__name__)
Submit = Callable[[Message, Sequence[TrackingEvent]], Future[None]]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a node that comes back is told: which of its messages are ``held``, which were ``redirected``, and which
    were or will be ``redirected_of_others``: of earlier spools of its."""

    held: list[int]
    redirected: list[int]
    redirected_of_others: list[int]


class Keeper:
    """``submit`` enters a message here; ``own`` is the node's own spool. ``clock`` gives unix seconds,
    ``monotonic`` the seconds by which silence is measured: setting the clock kills nobody."""

    def __init__(
        self,
        root: Path,
        *,
        submit: Submit,
        own: SqliteSpool,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self.redirected_total = 0
        self._root = root
        self._submit = submit
        self._own = own
        self._clock = clock
        self._monotonic = monotonic
        self._origins: dict[tuple[str, int], Origin] = {}
        self._opening = asyncio.Lock()
        self._redirecting = asyncio.Lock()

    @property
    def held(self) -> int:
        """Copies kept here."""
        return sum(origin.count for origin in self._origins.values())

    async def start(self) -> None:
        """Find what was kept before. Raises SpoolUnavailable."""
        for folder, node, spool_id in Origin.found(self._root):
            await self._open(folder, node, spool_id)

    async def stop(self) -> None:
        for origin in self._origins.values():
            await origin.stop()
        self._origins.clear()

    async def origin(self, node: str, spool_id: int) -> Origin:
        """Where copies of the node's present spool go. Raises SpoolUnavailable, ValueError."""
        async with self._opening:
            found = self._origins.get((node, spool_id))
            if found is None:
                found = await self._open(self._root / Origin.folder_name(node, spool_id), node, spool_id)
            return found

    async def _open(self, folder: Path, node: str, spool_id: int) -> Origin:
        now = self._monotonic()
        origin = Origin(folder, node=node, spool_id=spool_id, clock=self._clock, heard_at=now)
        await origin.start()
        self._origins[node, spool_id] = origin
        return origin

    async def greet(self, origin: Origin) -> Kept:
        """The node of ``origin`` is back; what is being delivered in its place is finished first."""
        origin.heard_at, origin.is_lost = self._monotonic(), False
        async with self._redirecting:
            others = [one for one in self._of(origin.node) if one is not origin]
            lost = [message_id for one in others for message_id in [*one.redirected, *one.ids()]]
            return Kept(origin.ids(), list(origin.redirected), lost)

    def acknowledge(self, origin: Origin, message_ids: list[int]) -> None:
        """The node knows what was delivered in its place."""
        for one in self._of(origin.node):
            one.forget(message_ids)

    def _of(self, node: str) -> list[Origin]:
        return [one for one in self._origins.values() if one.node == node]

    async def look(self, *, is_on: bool, silence_s: float, forget_s: float) -> None:
        """Deliver the mail of nodes that were silent for ``silence_s``, or came back without their spool; forget what
        nobody asked for in ``forget_s``. Switched off, no node is heard, and silence means nothing."""
        now = self._monotonic()
        for origin in list(self._origins.values()):
            if is_on and (now - origin.heard_at >= silence_s or self._is_replaced(origin)):
                origin.is_lost = True
            if origin.count and origin.is_lost:
                await self._redirect(origin)
            elif self._is_over(origin, forget_s):
                del self._origins[origin.node, origin.spool_id]
                await origin.remove()

    def _is_replaced(self, origin: Origin) -> bool:
        """The node lives with another spool: this one's disk is gone."""
        return not origin.connections and any(one.connections for one in self._of(origin.node))

    def _is_over(self, origin: Origin, forget_s: float) -> bool:
        if origin.count or origin.connections:
            return False
        if origin.redirected:
            return origin.is_stale(before=self._clock() - forget_s)
        return self._is_replaced(origin)

    def drop(self, *, silence_s: float) -> None:
        """Copies are not wanted any more: let go of those whose node lives, deliver the others."""
        now = self._monotonic()
        for origin in self._origins.values():
            if now - origin.heard_at < silence_s:
                origin.settle([(message_id, -1) for message_id in origin.ids()])
            else:
                origin.is_lost = True

    async def _redirect(self, origin: Origin) -> None:
        log.warning("shadow.redirecting", node=origin.node, messages=origin.count)
        ids = origin.ids()
        for at in range(0, len(ids), AT_ONCE):
            async with self._redirecting:
                if origin.connections:
                    return  # it is back
                some = ids[at : at + AT_ONCE]
                done = await asyncio.gather(*(self._deliver(origin, message_id) for message_id in some))
                origin.redirect([message_id for message_id, is_done in zip(some, done, strict=True) if is_done])
            if not all(done):
                return  # tried again at the next look

    async def _deliver(self, origin: Origin, message_id: int) -> bool:
        """Have the message here; False when that cannot be now."""
        with contextlib.suppress(KeyError):
            try:
                message = await origin.read(message_id)
            except SpoolUnavailable as error:
                log.warning("shadow.copy_unreadable", node=origin.node, reason=str(error))
                return False
            except MessageDamaged as error:
                log.error("shadow.copy_damaged", node=origin.node, id=message_id, reason=str(error))
                return False
            return await self._enter(origin, message)
        log.error("shadow.copy_missing", node=origin.node, id=message_id)
        return True

    async def _enter(self, origin: Origin, message: Message) -> bool:
        _begin_anew(message)
        from_id = message.id
        if not message.recipients or self._is_here(message):
            return True
        try:
            await self._submit(message, _told(message, origin.node, from_id, self._clock()))
        except SpoolUnavailable as error:
            log.warning("shadow.not_redirected", node=origin.node, reason=str(error))
            return False
        self.redirected_total += 1
        return True

    def _is_here(self, message: Message) -> bool:
        """Whether it was entered before, by a process that ended then; a message that merely has the same id gives way:
        names of two nodes may lead to the same part of an id."""
        if not self._own.holds(message.id):
            return False
        here = self._own.read_message(message.id)
        if (here.session_id, here.received_at) == (message.session_id, message.received_at):
            return True
        message.id = self._own.new_id()
        return False


def _told(message: Message, node: str, from_id: int, now: float) -> list[TrackingEvent]:
    """The message begins its life here, and why; ``from_id`` is its id on ``node``."""
    reason = f"The node {node} was not heard for too long: the message is delivered from its copy."
    recipients = [str(one.address) for one in message.recipients]
    received = TrackingEvent(
        EventId.RECEIVE,
        now,
        message_id=message.id,
        session_id=message.session_id,
        sender=str(message.envelope_sender),
        recipient=recipients[0],
        peer=message.peer,
        connector_id=message.connector_id,
        size_bytes=message.size_bytes,
        revision=message.revision,
        reason=reason,
        detail={
            "from_node": node,
            "helo": message.helo,
            "identity": message.identity,
            "recipients": recipients,
            "subject": message.subject,
            "internet_message_id": message.internet_message_id,
        },
    )
    detail = {"from_node": node, "received_at": message.received_at, "from_id": from_id}
    redirected = TrackingEvent(EventId.SHADOW_REDIRECT, now, message_id=message.id, reason=reason, detail=detail)
    return [received, redirected]


def _begin_anew(message: Message) -> None:
    """Nothing was tried here yet, and the way may be another. What a mail flow rule holds or deletes is not let go."""
    message.recipients = [one for one in message.recipients if not one.status.is_final]
    # Hold rules are the same on all nodes and mean it here too; other operators' orders are not in the copy.
    ordered = next((one.hold for one in message.recipients if one.hold is not None and not one.hold.rule_id), None)
    if ordered is not None:
        message.ruled = (message.ruled or Ruled()).ordered_again(ordered)
    for recipient in message.recipients:
        recipient.hold = None
        recipient.leave_route(None)
        recipient.status, recipient.last_reply = RecipientStatus.READY, ""
        recipient.attempts, recipient.next_attempt_at = 0, 0.0
