"""Nobody takes the live streams from all others."""

from __future__ import annotations

from typing import Any

import pytest

from mailconsole.nodes.live import hub as module
from mailconsole.nodes.live.hub import Hub


@pytest.fixture
def hub(monkeypatch):
    made = Hub()
    monkeypatch.setattr(made, "_ensure_running", lambda: None)
    return made


async def opened(hub: Hub, person: int, count: int) -> list[Any]:
    streams = [hub.stream(["nodes"], lifetime_s=60, person=person) for _ in range(count)]
    for stream in streams:
        await anext(stream)
    return list(streams)


async def test_streams__one_person__has_so_many_and_others_have_room(hub):
    streams = await opened(hub, 1, module.STREAMS_OF_ONE)
    assert not hub.has_room_for(1) and hub.has_room_for(2)
    await streams.pop().aclose()
    assert hub.has_room_for(1)


async def test_streams__all_together__are_bounded(hub, monkeypatch):
    monkeypatch.setattr(module, "STREAMS", 3)
    await opened(hub, 1, 2)
    await opened(hub, 2, 1)
    assert not hub.has_room_for(3)
