"""A connection between two nodes: frames that only holders of the shared key can read, write or replay.

Each side sends a random number first; key and numbers give each direction a key of its own (HKDF), whose records are
sealed by AES-GCM and numbered. Nothing of a message, and no proof of the key, is ever sent in clear.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

GREETING = b"MAILCONSOLE-SHADOW/1\n"
NONCE_BYTES = 32
RECORD_BYTES = 256 * 1024
MAX_FRAME_BYTES = 1024**3
HANDSHAKE_S = 5.0
_SIZES = struct.Struct(">IQ")  # of the header, of all
_LENGTH = struct.Struct(">I")


class NotOneOfUs(ConnectionError):
    """The other side speaks another protocol or has another key."""


@dataclass(frozen=True, slots=True)
class Frame:
    """``said`` is a JSON object; ``blob`` the octets that belong to it."""

    said: dict[str, Any]
    blob: memoryview


class Channel:
    """Raises ConnectionError, EOFError, OSError, TimeoutError where the connection ends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._sent = self._received = 0
        self._out: AESGCM | None = None
        self._in: list[AESGCM] = []
        self._out_by_in: list[AESGCM] = []

    @property
    def is_closed(self) -> bool:
        return self._reader.at_eof() or self._writer.is_closing()

    async def greet(self, key: bytes) -> None:
        """As the one that connected."""
        ours = os.urandom(NONCE_BYTES)
        self._writer.write(GREETING + ours)
        async with asyncio.timeout(HANDSHAKE_S):
            theirs = await self._reader.readexactly(NONCE_BYTES)
        self._out, answers = _keys(key, ours + theirs)
        self._in = [answers]

    async def welcome(self, keys: Sequence[bytes]) -> None:
        """As the one that was connected to; which of ``keys`` counts is known with the first frame."""
        async with asyncio.timeout(HANDSHAKE_S):
            if await self._reader.readexactly(len(GREETING)) != GREETING:
                raise NotOneOfUs("it is no node")
            theirs = await self._reader.readexactly(NONCE_BYTES)
        ours = os.urandom(NONCE_BYTES)
        self._writer.write(ours)
        pairs = [_keys(key, theirs + ours) for key in keys]
        self._in, self._out_by_in = [questions for questions, _ in pairs], [answers for _, answers in pairs]

    async def send(self, said: dict[str, Any], blobs: Sequence[bytes] = ()) -> None:
        """Send one frame."""
        assert self._out is not None
        head = json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
        total = len(head) + sum(map(len, blobs))
        data = memoryview(b"".join((_SIZES.pack(len(head), total), head, *blobs)))
        for at in range(0, len(data), RECORD_BYTES):
            sealed = self._out.encrypt(_number(self._sent), bytes(data[at : at + RECORD_BYTES]), None)
            self._sent += 1
            self._writer.write(_LENGTH.pack(len(sealed)) + sealed)
            await self._writer.drain()

    async def receive(self) -> Frame:
        """The next frame."""
        data = bytearray(await self._record())
        if len(data) < _SIZES.size:
            raise NotOneOfUs("its frame is too short")
        head, total = _SIZES.unpack_from(data)
        if total > MAX_FRAME_BYTES or head > total:
            raise NotOneOfUs("its frame is too long")
        while len(data) < total + _SIZES.size:
            data += await self._record()
        view = memoryview(data)
        said = json.loads(bytes(view[_SIZES.size : _SIZES.size + head]).decode("utf-8", "surrogatepass"))
        return Frame(said, view[_SIZES.size + head :])

    def close(self) -> None:
        self._writer.close()

    async def _record(self) -> bytes:
        (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
        if length > RECORD_BYTES + 64:
            raise NotOneOfUs("its record is too long")
        return self._open(await self._reader.readexactly(length))

    def _open(self, sealed: bytes) -> bytes:
        for at, key in enumerate(self._in):
            try:
                opened = key.decrypt(_number(self._received), sealed, None)
            except InvalidTag:
                continue
            if self._out is None:
                self._in, self._out = [key], self._out_by_in[at]
            self._received += 1
            return opened
        raise NotOneOfUs("it has another key: all nodes need the same key file")


def _keys(key: bytes, numbers: bytes) -> tuple[AESGCM, AESGCM]:
    """One for questions, one for answers."""
    made = HKDF(hashes.SHA256(), length=64, salt=numbers, info=b"mailconsole shadow copies").derive(key)
    return AESGCM(made[:32]), AESGCM(made[32:])


def _number(count: int) -> bytes:
    return count.to_bytes(12, "big")
