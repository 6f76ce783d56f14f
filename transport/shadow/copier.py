"""Has a peer keep a copy of each message before it is accepted, and lets the copy go when the message is done."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from transport.model.envelope import Message
from transport.model.event import EventId, TrackingEvent
from transport.ports.spool import NoSecondCopy
from transport.shadow.link import Copy, Link, NotKept
from transport.spool import rows
from transport.spool.recovery import mask
from transport.spool.sqlite_spool import SqliteSpool

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Copier:
    """``links`` are asked in their order. ``take_back`` removes messages from the queues, and returns those that are
    just being delivered. The spool tells how messages end (``spool.contents.Watcher``)."""

    spool: SqliteSpool
    clock: Callable[[], float]
    take_back: Callable[[set[int]], Awaitable[set[int]]]
    links: list[Link] = field(default_factory=list)
    is_required: bool = False
    unprotected_total: int = 0
    duplicates_total: int = 0
    redirected: set[int] = field(default_factory=set)
    is_read: asyncio.Event = field(default_factory=asyncio.Event)
    _holders: dict[int, tuple[Link, ...]] = field(default_factory=dict)
    _under_way: set[int] = field(default_factory=set)
    _as_copied: set[int] = field(default_factory=set)

    @property
    def copied(self) -> int:
        """Messages in the spool of which a peer has a copy."""
        return len(self._holders)

    def commit(self, message: Message, events: Sequence[TrackingEvent]) -> Future[None]:
        """``Spool.commit``, once a peer has the copy. Fails with NoSecondCopy too."""
        return asyncio.get_running_loop().create_task(self._commit(message, events))

    async def _commit(self, message: Message, events: Sequence[TrackingEvent]) -> None:
        self._under_way.add(message.id)
        try:
            holder, why_not = await self._copy(message)
            if holder is None:
                self._unprotected(message, events, why_not)
            elif events:
                events[0].detail["shadow"] = holder.peer.node
            try:
                await self.spool.commit(message, events)
            except BaseException:
                self.removed(message.id)
                raise
        finally:
            self._under_way.discard(message.id)

    async def _copy(self, message: Message) -> tuple[Link | None, str]:
        assert message.body is not None
        copy = Copy(message.id, mask(message), rows.encode_message(message), message.body)
        why_not = "there is no other node that may keep it"
        for link in self.links:
            try:
                await link.copy(copy)
            except NotKept as error:
                why_not = f"{link.peer.node}: {error}"
                continue
            self._holders[message.id] = (link,)
            if len(message.recipients) > 1:
                self._as_copied.add(message.id)
            return link, ""
        return None, why_not

    def _unprotected(self, message: Message, events: Sequence[TrackingEvent], why_not: str) -> None:
        # Refused is only what its client keeps: our own reports, and what we took over for a lost node, are accepted.
        is_from_client = bool(events) and not message.is_dsn and "from_node" not in events[0].detail
        if self.is_required and is_from_client:
            raise NoSecondCopy(f"no other node keeps a copy: {why_not}")
        self.unprotected_total += 1
        if events:
            events[0].detail["shadow_failure"] = why_not

    # How messages end (Watcher).

    def settled(self, message_id: int, index: int) -> None:
        if message_id in self._as_copied:
            for link in self._holders.get(message_id, ()):
                link.settle(message_id, index)

    def removed(self, message_id: int) -> None:
        self._as_copied.discard(message_id)
        for link in self._holders.pop(message_id, ()):
            link.settle(message_id)

    def rewritten(self, message_id: int) -> None:
        self._as_copied.discard(message_id)  # the copy has other recipients: it ends as a whole or not at all

    # A peer is there again.

    def greeted(self, link: Link, kept: dict[str, list[int]]) -> None:
        """Compare what the peer has with what we have; once all that we have is known."""
        self.redirected.update(kept["redirected"], kept["redirected_of_others"])
        asyncio.get_running_loop().create_task(self._compare(link, kept))

    async def _compare(self, link: Link, kept: dict[str, list[int]]) -> None:
        await self.is_read.wait()
        for message_id in kept["held"]:
            if self.spool.holds(message_id) or message_id in self._under_way:
                self._hold(message_id, link)
            else:
                link.settle(message_id)
        await self._give_up(link, kept["redirected"], kept["redirected_of_others"])

    def _hold(self, message_id: int, link: Link) -> None:
        before = tuple(one for one in self._holders.get(message_id, ()) if one.peer.node != link.peer.node)
        self._holders[message_id] = (*before, link)

    async def _give_up(self, link: Link, ours: Iterable[int], of_others: Iterable[int]) -> None:
        """What the peer delivered in our place is not delivered again, where that can be helped."""
        taken = {*ours, *of_others}
        if not taken:
            return
        held = {message_id for message_id in taken if self.spool.holds(message_id)}
        busy = await self.take_back(held)
        dropped = sorted(one for one in held - busy if self.spool.holds(one))  # some may have ended meanwhile
        # Of an earlier spool nothing is known: what is not here was lost with it.
        twice = sorted(held.difference(dropped) | (set(ours) - held))
        self.duplicates_total += len(twice)
        self.spool.discard(dropped, [self._event(EventId.SHADOW_DISCARD, one, link) for one in dropped])
        self.spool.record([self._event(EventId.DUPLICATE_DELIVER, one, link) for one in twice])
        log.warning("shadow.was_redirected", peer=link.peer.node, dropped=len(dropped), duplicates=len(twice))
        link.acknowledge(sorted(taken))
        self.redirected -= taken

    def _event(self, event: EventId, message_id: int, link: Link) -> TrackingEvent:
        reason = f"{link.peer.node} delivers it from its copy: this node was not heard for too long."
        return TrackingEvent(event, self.clock(), message_id=message_id, reason=reason, detail={"node": link.peer.node})
