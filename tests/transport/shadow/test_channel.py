"""The connection between nodes: only holders of the key are understood, nothing can be read or replayed."""

import asyncio

import pytest

from transport.shadow.channel import GREETING, NONCE_BYTES, RECORD_BYTES, Channel, NotOneOfUs

KEY, OTHER = b"k" * 32, b"o" * 32


class Pair:
    """A server that answers each frame with what it got; ``wire`` is everything that reached it."""

    def __init__(self, *keys: bytes) -> None:
        self.keys = keys or (KEY,)
        self.errors: list[Exception] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for writer in self.writers:
            writer.close()

    async def open(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        return reader, writer

    async def connect(self, key=KEY) -> Channel:
        channel = Channel(*await self.open())
        await channel.greet(key)
        return channel

    async def _serve(self, reader, writer) -> None:
        self.writers.append(writer)
        channel = Channel(reader, writer)
        try:
            await channel.welcome(self.keys)
            while True:
                frame = await channel.receive()
                await channel.send(frame.said, [bytes(frame.blob)])
        except (NotOneOfUs, EOFError, OSError) as error:
            self.errors.append(error)
        channel.close()


@pytest.mark.parametrize("size", [0, 1, RECORD_BYTES - 1, RECORD_BYTES, 3 * RECORD_BYTES + 7])
async def test_frame__any_size__comes_back_as_it_was(size):
    async with Pair() as pair:
        channel = await pair.connect()
        for number in range(3):
            await channel.send({"n": number, "ä": "\udcff"}, [b"x" * size, b"y"])
            frame = await channel.receive()
            assert frame.said == {"n": number, "ä": "\udcff"} and bytes(frame.blob) == b"x" * size + b"y"


async def test_other_key__is_refused_and_told_why():
    async with Pair() as pair:
        channel = await pair.connect(OTHER)
        await channel.send({"node": "mallory"})
        with pytest.raises((EOFError, OSError)):
            await channel.receive()
        assert "another key" in str(pair.errors[0])


async def test_rotated_key__the_old_one_counts_too():
    async with Pair(OTHER, KEY) as pair:
        channel = await pair.connect(KEY)
        await channel.send({"n": 1})
        assert (await channel.receive()).said == {"n": 1}


async def test_other_protocol__is_refused():
    async with Pair() as pair:
        reader, writer = await pair.open()
        writer.write(b"EHLO client.example\r\n" + b"x" * 100)
        assert await reader.read() == b""
        assert isinstance(pair.errors[0], NotOneOfUs)


async def test_replayed_record__is_refused():
    async with Pair() as pair:
        channel = await pair.connect()
        sent = []
        write = channel._writer.write

        def tapped(data):
            sent.append(data)
            write(data)

        channel._writer.write = tapped
        await channel.send({"n": 1}, [b"secret words"])
        await channel.receive()
        assert b"secret" not in b"".join(sent)
        write(b"".join(sent))
        with pytest.raises((EOFError, OSError)):
            await channel.receive()
        assert isinstance(pair.errors[0], NotOneOfUs)


async def test_replayed_session__is_refused():
    async with Pair() as pair:
        reader, writer = await pair.open()
        writer.write(GREETING + bytes(NONCE_BYTES) + (20).to_bytes(4, "big") + bytes(20))
        await reader.readexactly(NONCE_BYTES)
        assert await reader.read() == b""
        assert isinstance(pair.errors[0], NotOneOfUs)


async def test_record_too_long__is_refused_before_it_is_read():
    async with Pair() as pair:
        channel = await pair.connect()
        channel._writer.write(b"\xff\xff\xff\xff")
        with pytest.raises((EOFError, OSError)):
            await channel.receive()
        assert "too long" in str(pair.errors[0])
