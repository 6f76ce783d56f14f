"""Connecting to one of several addresses, with real sockets: what is up wins, what is not costs a moment."""

import asyncio
import socket
import time

import pytest

from tests.support.delivery import FAST
from tests.support.pace import at_pace
from tests.support.sink import Sink
from transport.delivery import race
from transport.delivery.target import Target


def at(address, port):
    return Target("mx.example", address, port)


@pytest.fixture
def mute():
    """A port whose connections are never answered: its queue of them is full."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        with socket.socket() as filler, socket.socket() as another:
            filler.setblocking(False)
            another.setblocking(False)
            filler.connect_ex(listening.getsockname())
            another.connect_ex(listening.getsockname())
            time.sleep(0.05)
            yield listening.getsockname()[1]


async def won(targets, **options):
    began = time.monotonic()
    raced = await race.connect(targets, FAST, **options)
    if raced.client is not None:
        raced.client.abort()
    return raced, time.monotonic() - began


async def test_refused__the_next_is_tried_at_once(sink):
    raced, took_s = await won([at("127.0.0.9", sink.port), at("127.0.0.1", sink.port)])
    assert raced.target == at("127.0.0.1", sink.port) and took_s < at_pace(race.STAGGER_S)
    ((target, outcome),) = raced.failed
    assert target.address == "127.0.0.9" and "Connection refused" in outcome.reason


async def test_no_answer__costs_a_moment_and_not_the_time_out(sink, mute):
    raced, took_s = await won([at("127.0.0.1", mute), at("127.0.0.1", sink.port)])
    assert raced.target == at("127.0.0.1", sink.port)
    assert race.STAGGER_S <= took_s < FAST.connect_s and not raced.failed


async def test_nobody_answers__each_failed_with_its_reason(mute):
    raced, took_s = await won([at("127.0.0.1", mute), at("127.0.0.9", 9)])
    assert raced.client is None and raced.target is None
    reasons = {target.address: outcome.reason for target, outcome in raced.failed}
    assert "No connection within 2 s." in reasons["127.0.0.1"] and "refused" in reasons["127.0.0.9"]
    assert took_s < at_pace(FAST.connect_s + 1)


async def test_the_preferred_is_up__no_other_is_asked(sink):
    with Sink() as other:
        raced, _ = await won([at("127.0.0.1", sink.port), at("127.0.0.1", other.port)])
        await asyncio.sleep(0.05)
        assert raced.target == at("127.0.0.1", sink.port) and not other.connections


async def test_given_up__leaves_no_connection_behind(sink, mute):
    task = asyncio.create_task(race.connect([at("127.0.0.1", mute)], FAST))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_both_kinds__ipv6_that_is_down_does_not_hold_up_ipv4():
    with Sink() as four:
        raced, took_s = await won([at("::1", four.port), at("127.0.0.1", four.port)])
        assert raced.target == at("127.0.0.1", four.port) and took_s < FAST.connect_s


async def test_both_kinds__ipv6_is_used_where_it_is_up():
    with Sink(host="::1") as six:
        raced, _ = await won([at("::1", six.port), at("127.0.0.1", six.port)])
        assert raced.target == at("::1", six.port)
        assert raced.client is not None and raced.client.remote == f"mx.example[::1]:{six.port}"


async def test_source_address__is_the_one_named(sink):
    raced = await race.connect([at("127.0.0.1", sink.port)], FAST, source_address="127.0.0.9")
    assert raced.client is not None
    assert (await raced.client.greeting(1)).code == 220
    raced.client.abort()
