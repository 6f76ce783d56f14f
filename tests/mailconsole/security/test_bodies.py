"""What a client sends is bounded before anything of it is parsed or kept, whoever sends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mailconsole.common.body_limit import bounded

LIMIT = 1000


async def ask(chunks: Sequence[bytes], *headers: tuple[bytes, bytes]) -> tuple[int, bytes]:
    """Status, and what the application read."""
    read, said = b"", []
    waiting = [{"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
               for number, chunk in enumerate(chunks, start=1)]  # fmt: skip

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        said.append(message)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal read
        more = True
        while more:
            message = await receive()
            read, more = read + message["body"], message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})

    await bounded(application, LIMIT)({"type": "http", "headers": list(headers)}, receive, send)
    return said[0]["status"], read


async def test_body__within_the_bound__goes_through():
    assert await ask([b"x" * 600, b"y" * 400]) == (200, b"x" * 600 + b"y" * 400)


async def test_body__announced_too_large__is_refused_unread():
    assert await ask([b"x"], (b"content-length", b"1001")) == (413, b"")


@pytest.mark.parametrize("headers", [(), ((b"content-length", b"10"),), ((b"content-length", b"x"),)])
async def test_body__in_chunks_or_more_than_announced__is_cut_off(headers):
    status, read = await ask([b"x" * 600] * 50, *headers)
    assert status == 413 and len(read) <= LIMIT


async def test_socket_and_lifespan__are_left_alone():
    seen = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    await bounded(application, LIMIT)({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]
