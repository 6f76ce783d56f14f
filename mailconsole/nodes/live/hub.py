"""One Redis subscription of this web process, fanned out to its browsers; slow browsers skip what was overtaken."""

from __future__ import annotations

import asyncio
import json
import time
import weakref
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from mailconsole.common.redis import REDIS_DOWN, async_redis_client
from mailconsole.nodes.live.publish import CHANNEL, stored_key
from mailconsole.nodes.live.regions import all_regions
from mailconsole.nodes.live.shutdown import on_shutdown

log = structlog.get_logger(__name__)

HEARTBEAT_S = 15.0
STREAMS, STREAMS_OF_ONE = 5000, 25
"""More browsers than these poll."""
QUIET_AFTER_S = 5.0
_RECONNECT_S = 1.0
_LINGER_S = 3.0


@dataclass(slots=True)
class RegionState:
    """A region as last published. `changed_in` tells in which version a piece became what it is."""

    version: int = 0
    pieces: dict[str, str] = field(default_factory=dict)
    changed_in: dict[str, int] = field(default_factory=dict)
    _patches: dict[int, str] = field(default_factory=dict)

    def take(self, pieces: Sequence[tuple[str, str]]) -> None:
        """Replace the content; pieces that stay the same keep their version."""
        self.version += 1
        new = dict(pieces)
        self.changed_in = {
            key: self.changed_in[key] if self.pieces.get(key) == html else self.version for key, html in new.items()
        }
        self.pieces = new
        self._patches.clear()

    def patch_since(self, version: int, name: str) -> str:
        """One server-sent event: the order of all keys, and the pieces that changed after `version`.

        Nearly all browsers ask for the same one: it is written once.
        """
        if version not in self._patches:
            changed = {key: html for key, html in self.pieces.items() if self.changed_in[key] > version}
            data = json.dumps({"region": name, "order": list(self.pieces), "pieces": changed}, separators=(",", ":"))
            self._patches[version] = f"event: region\ndata: {data}\n\n"
        return self._patches[version]


class _Viewer:
    """One browser: what it was sent, and when it was last told anything."""

    def __init__(self, names: Sequence[str], person: object = None) -> None:
        self.person = person
        self.woken = asyncio.Event()
        self.woken.set()
        self._sent = dict.fromkeys(names, 0)
        self._was_live: bool | None = None
        self._told_at = time.monotonic()

    async def wait(self) -> None:
        """Until something may be new, or it is time to look at the clock."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.woken.wait(), QUIET_AFTER_S)
        self.woken.clear()

    def news(self, states: Mapping[str, RegionState], *, is_live: bool | None) -> str:
        """What this browser does not know yet, a heartbeat when it heard nothing for long, or nothing."""
        lines = []
        if is_live is not None and is_live is not self._was_live:
            self._was_live = is_live
            lines.append(f"event: state\ndata: {json.dumps({'is_live': is_live})}\n\n")
        for name, version in self._sent.items():
            state = states.get(name)
            if state is not None and state.version > version:
                lines.append(state.patch_since(version, name))
                self._sent[name] = state.version
        if not lines and time.monotonic() - self._told_at >= HEARTBEAT_S:
            lines.append(": still here\n\n")
        if lines:
            self._told_at = time.monotonic()
        return "".join(lines)


class Hub:
    """The subscription of one event loop; runs while browsers listen and a little longer."""

    def __init__(self) -> None:
        self.states: dict[str, RegionState] = {}
        self._viewers: set[_Viewer] = set()
        self._task: asyncio.Task[None] | None = None
        self._began_at = 0.0
        self._heard_at = 0.0
        self._watched_at = 0.0
        self._is_closed = False

    @property
    def is_live(self) -> bool | None:
        """Whether ticks arrive; None while there was no time for one."""
        now = time.monotonic()
        if now - self._heard_at < QUIET_AFTER_S:
            return True
        return None if now - self._began_at < QUIET_AFTER_S else False

    def close(self) -> None:
        """End every stream: the process stops."""
        self._is_closed = True
        self._wake()

    def has_room_for(self, person: object) -> bool:
        """Whether this person may open one more stream: nobody takes them from all others."""
        held = sum(one.person == person for one in self._viewers)
        return held < STREAMS_OF_ONE and len(self._viewers) < STREAMS

    async def stream(self, names: Sequence[str], *, lifetime_s: float, person: object = None) -> AsyncIterator[str]:
        """Server-sent events for these regions until the browser leaves, the process stops or the time is over."""
        viewer = _Viewer(names, person)
        self._viewers.add(viewer)
        self._ensure_running()
        ends_at = time.monotonic() + lifetime_s
        try:
            yield "retry: 2000\n\n"
            while not self._is_closed and time.monotonic() < ends_at:
                await viewer.wait()
                if news := viewer.news(self.states, is_live=self.is_live):
                    yield news
        finally:
            self._viewers.discard(viewer)

    def _ensure_running(self) -> None:
        if self._task is None or self._task.done():
            self._began_at = time.monotonic()
            self._task = asyncio.get_running_loop().create_task(self._run(), name="live-hub")

    async def _run(self) -> None:
        """Listen while anybody watches; a lost connection is made again."""
        while self._is_watched():
            try:
                await self._listen()
            except REDIS_DOWN as problem:
                log.warning("live.subscription_lost", problem=type(problem).__name__)
                await asyncio.sleep(_RECONNECT_S)
        self.states.clear()

    def _is_watched(self) -> bool:
        """Somebody who only goes from page to page need not cost a new subscription: it goes on without a pause."""
        now = time.monotonic()
        if self._viewers:
            self._watched_at = now
        return not self._is_closed and now - self._watched_at < _LINGER_S

    async def _listen(self) -> None:
        client = async_redis_client()
        try:
            async with client.pubsub(ignore_subscribe_messages=True) as subscription:
                await subscription.subscribe(CHANNEL)
                await self._catch_up(client)
                while self._is_watched():
                    message = await subscription.get_message(timeout=QUIET_AFTER_S)
                    if message is not None:
                        self._take(json.loads(message["data"]))
        finally:
            with suppress(*REDIS_DOWN):
                await client.aclose()

    async def _catch_up(self, client: Any) -> None:
        names = [one.name for one in all_regions()]
        for payload in await client.mget([stored_key(name) for name in names]):
            if payload is not None:
                self._take(json.loads(payload))

    def _take(self, message: dict[str, Any]) -> None:
        self._heard_at = time.monotonic()
        if "region" in message:
            self.states.setdefault(message["region"], RegionState()).take(message["pieces"])
        self._wake()

    def _wake(self) -> None:
        for viewer in self._viewers:
            viewer.woken.set()


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = weakref.WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
        on_shutdown(_hubs[loop].close)
    return _hubs[loop]
