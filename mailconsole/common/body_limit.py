"""A bound on what a client may send us: Django would first write all of it to the disk, whoever sends it.

An ASGI application around the other: it counts, and cuts off before anything is parsed or anybody is known.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

MAX_BODY_BYTES = 8 * 1024 * 1024
"""More than any document, certificate or form of ours; forms are held to DATA_UPLOAD_MAX_MEMORY_SIZE besides."""
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class BodyTooLarge(Exception):
    """The client sent more than it may."""


def bounded(application: Application, limit: int = MAX_BODY_BYTES) -> Application:
    """The application, for requests of up to ``limit`` octets; a larger one gets 413 (RFC 9110 15.5.14)."""

    async def serve(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
        elif _announced(scope) > limit:
            await _refuse(send)
        else:
            await _serve_counted(application, scope, receive, send, limit)

    return serve


async def _serve_counted(
    application: Application, scope: MutableMapping[str, Any], receive: Receive, send: Send, limit: int
) -> None:
    """What is announced may be a lie, or nothing (chunks): count what comes."""
    got = 0

    async def counted() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > limit:
            raise BodyTooLarge
        return message

    try:
        await application(scope, counted, send)
    except BodyTooLarge:
        await _refuse(send)


def _announced(scope: MutableMapping[str, Any]) -> int:
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(value) if value.isdigit() else 0


async def _refuse(send: Send) -> None:
    text = b"This is larger than anything the console takes.\n"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close"),
               (b"content-length", str(len(text)).encode())]  # fmt: skip
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": text})
