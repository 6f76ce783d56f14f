"""Fetching a policy over HTTPS from a server that does as it likes: bounded, and never redirected."""

import asyncio
import contextlib
import ssl

import pytest

from transport.delivery.https_get import FetchFailed, get

HOST = "mta-sts.acme.example"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"


@contextlib.asynccontextmanager
async def serving(issued, answer: bytes, *, pause_s: float = 0.0):
    async def serve(reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
            await asyncio.sleep(pause_s)
        writer.close()

    asked: list[bytes] = []
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(issued.chain, issued.key)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()


async def fetch(authority, answer: bytes, *, name: str = HOST, pause_s: float = 0.0, timeout_s: float = 30.0) -> bytes:
    async with serving(authority.issue(name), answer, pause_s=pause_s) as (port, _):
        trusted = ssl.create_default_context(cafile=str(authority.path))
        return await get(
            HOST, "/x.txt", addresses=["127.0.0.1"], context=trusted, limit=1000, port=port, timeout_s=timeout_s
        )


@pytest.mark.parametrize("answer", [
    OK + b"Content-Length: 5\r\n\r\nhello", OK + b"\r\nhello",
    OK + b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
])  # fmt: skip
async def test_answer__is_read_however_its_length_is_told(authority, answer):
    assert await fetch(authority, answer) == b"hello"


@pytest.mark.parametrize(("answer", "why"), [
    (b"HTTP/1.1 301 Moved\r\nLocation: https://evil.example/\r\n\r\n", "301"),
    (b"HTTP/1.1 404 Not Found\r\n\r\n", "404"),
    (b"220 mail.example ESMTP\r\n\r\n", "no HTTP"),
    (OK.replace(b"text/plain", b"text/html") + b"\r\nhello", "no text"),
    (OK + b"Content-Length: 5000\r\n\r\n" + b"x" * 5000, "too large"),
    (OK + b"\r\n" + b"x" * 5000, "too large"),
    (OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFF\r\n" + b"x" * 5000, "too large"),
    (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "no chunks"),
    (OK + b"Content-Length: 50\r\n\r\nx", "too early"),
    (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "limit"),
])  # fmt: skip
async def test_answer__that_is_none__fails(authority, answer, why):
    with pytest.raises(FetchFailed, match=why):
        await fetch(authority, answer)


async def test_silence__ends_in_time(authority):
    with pytest.raises(FetchFailed, match="within 1 s"):
        await fetch(authority, b"HTTP/1.1 200", pause_s=5, timeout_s=1.0)


async def test_certificate_for_another_name__fails(authority):
    with pytest.raises(FetchFailed, match="certificate"):
        await fetch(authority, OK + b"\r\nhello", name="other.acme.example")
