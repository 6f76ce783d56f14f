"""The queues' small parts: rates, the scheduler."""

import asyncio

from tests.support.delivery import Clock
from transport.queues.rates import RateMeter
from transport.queues.scheduler import Scheduler


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
