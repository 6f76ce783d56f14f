"""One small text over HTTPS from a host whose addresses are known: no redirect, no proxy, bounded in size and time."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence

TIMEOUT_S = 20.0
MAX_HEAD = 16 * 1024
MAX_ADDRESSES = 4
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r\n)")


class FetchFailed(Exception):
    """``str()`` says why."""


async def get(
    host: str,
    path: str,
    *,
    addresses: Sequence[str],
    context: ssl.SSLContext,
    limit: int,
    port: int = 443,
    timeout_s: float = TIMEOUT_S,
) -> bytes:
    """The body of a 200 that is ``text/plain``. Raises FetchFailed."""
    failure: Exception = FetchFailed("it has no address")
    try:
        async with asyncio.timeout(timeout_s):
            for address in addresses[:MAX_ADDRESSES]:
                try:
                    return await _get(host, path, address, context, limit, port)
                except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
                    failure = error
    except TimeoutError:
        raise FetchFailed(f"it did not answer within {timeout_s:g} s") from None
    if isinstance(failure, ssl.SSLCertVerificationError):
        raise FetchFailed(f"its certificate is not accepted: {failure.verify_message}")
    raise FetchFailed(str(failure) or type(failure).__name__)


async def _get(host: str, path: str, address: str, context: ssl.SSLContext, limit: int, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host, limit=MAX_HEAD)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/plain\r\nConnection: close\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        status = _STATUS.match(head)
        if status is None or status[1] != b"200":  # RFC 8461 3.3: a redirect is not followed
            raise FetchFailed(f"it answered {status[1].decode() if status else 'no HTTP'}")
        if not _field(head, b"content-type").startswith(b"text/plain"):
            raise FetchFailed("what it has is no text")
        if _field(head, b"transfer-encoding") == b"chunked":
            return await _chunks(reader, limit)
        length = _field(head, b"content-length")
        if length and not length.isdigit():
            raise FetchFailed("it does not say how much it sends")
        return await _all(reader, int(length[:9]) if length else -1, limit)
    finally:
        writer.transport.abort()


def _field(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip().lower()
    return b""


async def _all(reader: asyncio.StreamReader, length: int, limit: int) -> bytes:
    """``length`` octets, or all there are where it is -1."""
    body = bytearray()
    while len(body) <= limit and len(body) != length:
        piece = await reader.read(4096 if length < 0 else min(4096, length - len(body)))
        if not piece:
            break
        body += piece
    if len(body) > limit:
        raise FetchFailed("it is too large")
    if 0 <= length != len(body):
        raise FetchFailed("it ended too early")
    return bytes(body)


async def _chunks(reader: asyncio.StreamReader, limit: int) -> bytes:
    """RFC 9112 7.1."""
    body = bytearray()
    while True:
        line = (await reader.readuntil(b"\r\n")).partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,6}", line):
            raise FetchFailed("it sends no chunks that can be read")
        size = int(line, 16)
        if not size:
            return bytes(body)
        if len(body) + size > limit:
            raise FetchFailed("it is too large")
        body += await reader.readexactly(size)
        await reader.readexactly(2)
