"""The queues' small parts: rates, the scheduler, the sentences."""

import asyncio
from typing import Any

import pytest

from tests.support.delivery import Clock
from transport.model.next_hop import POISON, SUBMISSION, UNREACHABLE, DeliveryType, NextHop
from transport.queues import words
from transport.queues.rates import RateMeter
from transport.queues.scheduler import Scheduler

HOP = NextHop(DeliveryType.SMART_HOST_CONNECTOR, "mx.example", "out")


def test_rates__count_the_last_minute():
    meter = RateMeter()
    for second in range(120):
        meter.add(1_800_000_000.0 + second)
    assert 55 <= meter.per_minute(1_800_000_119.0) <= 60
    assert meter.per_minute(1_800_000_119.0 + 70) == 0


def test_rates__a_clock_that_is_set_back_does_no_harm():
    meter = RateMeter()
    meter.add(1_800_000_000.0)
    meter.add(1_700_000_000.0)
    assert meter.per_minute(1_700_000_000.0) >= 1


class Sleeper:
    def __init__(self) -> None:
        self.woken: list[float] = []

    def wake(self, now: float) -> None:
        self.woken.append(now)


async def test_scheduler__wakes_at_the_time_and_not_before():
    clock, early, late = Clock(), Sleeper(), Sleeper()
    scheduler = Scheduler(clock)
    scheduler.at(clock.now + 20, late)
    scheduler.at(clock.now + 10, early)
    clock.now += 9
    scheduler.run_due()
    assert not early.woken
    clock.now += 1
    scheduler.run_due()
    assert early.woken and not late.woken
    scheduler.stop()


async def test_scheduler__wakes_by_itself():
    loop = asyncio.get_running_loop()
    scheduler, sleeper = Scheduler(loop.time), Sleeper()
    scheduler.at(loop.time() + 0.05, sleeper)
    await asyncio.sleep(0.2)
    assert len(sleeper.woken) == 1
    scheduler.stop()


def because(hop=HOP, **fields):
    base: dict[str, Any] = {
        "count": 3,
        "deferred": 0,
        "is_suspended": False,
        "is_orphan": False,
        "failures": 0,
        "last_error": "",
    }
    base |= {"retry_in_s": -1.0, "connections": 1, "connecting": 0}
    return words.waiting_because(hop, **base | fields)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"count": 0}, "Nothing is waiting."),
        ({"is_suspended": True}, "An operator suspended the queue. Resume it to deliver its mail."),
        ({}, "Messages are being delivered over 1 connection."),
        ({"connections": 0, "connecting": 1}, "A connection is being made."),
        (
            {"failures": 2, "deferred": 3, "last_error": "Connection refused", "retry_in_s": 300.0},
            "The next hop cannot be reached: Connection refused. It is tried again in 5 min, or when you retry.",
        ),
        (
            {"count": 1, "deferred": 1, "last_error": "451 4.7.1 greylisted", "retry_in_s": 42.0},
            "A message was deferred by the next hop: 451 4.7.1 greylisted. The first is tried again in 42 s, "
            "or when you retry.",
        ),
        ({"is_orphan": True}, "The send connector 'out' is gone or disabled. The mail is routed again."),
    ],
)
def test_waiting_because(fields, sentence):
    assert because(**fields) == sentence


@pytest.mark.parametrize("hop", [UNREACHABLE, SUBMISSION, POISON])
def test_waiting_because__queues_that_deliver_nothing_say_what_would_help(hop):
    assert because(hop).endswith(".")


@pytest.mark.parametrize(("seconds", "text"), [(-3, "0 s"), (89, "89 s"), (90, "2 min"), (7200, "2 h")])
def test_span(seconds, text):
    assert words.span(seconds) == text
