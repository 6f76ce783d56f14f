"""A server that takes a message by drops does not keep the connection, nor the message in memory, for ever."""

import asyncio
from dataclasses import replace
from typing import cast

import pytest

from tests.support.delivery import FAST
from transport.delivery.client import Client
from transport.delivery.connection import MIN_RATE


class Pipe:
    """A transport that says how much of the message waits."""

    def __init__(self, *sizes: int) -> None:
        self.sizes = list(sizes)

    def get_write_buffer_size(self) -> int:
        return self.sizes.pop(0)

    def abort(self) -> None:
        self.sizes.clear()


@pytest.mark.parametrize(("sizes", "is_writing_on"), [
    ((1_000_000, 1_000_000 - 100 * MIN_RATE), True), ((1_000_000, 1_000_000 - 100 * MIN_RATE + 1), False),
    ((1_000_000, 999_999), False), ((1_000_000, 1_000_000), False), ((300, 0), True), ((300, 299), False),
])  # fmt: skip
async def test_paused_write__must_get_on_at_the_least_rate(sizes, is_writing_on):
    client = Client(asyncio.get_running_loop(), replace(FAST, block_s=100), "slow.example[192.0.2.1]:25")
    client.connection_made(cast(asyncio.Transport, Pipe(*sizes)))
    client.pause_writing()
    assert client._is_writing_on() is is_writing_on
    client.abort()
