"""What the engine does by the clock goes on, whatever becomes of one part of it."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from transport.service import upkeep
from transport.service.upkeep import Upkeep


async def nothing():
    pass


def parts(**others):
    base = {
        "clock": time.monotonic,
        "certificates": None,
        "listener": None,
        "idle": SimpleNamespace(look=lambda: None),
        "shadow": SimpleNamespace(look=lambda: None),
        "pressure": SimpleNamespace(look=nothing, why_not_accepting="", why_not_from_outside=""),
        "intake": SimpleNamespace(why_not_accepting=""),
        "spool": SimpleNamespace(problem=""),
        "queues": SimpleNamespace(take=lambda hop: iter(())),
        "ruleset": SimpleNamespace(organization=SimpleNamespace(resolver_retry_interval=0.0)),
    }
    return SimpleNamespace(**base | others)


class Counted:
    """How often something that fails was begun."""

    def __init__(self, *, is_failing=False):
        self.count = 0
        self.is_failing = is_failing

    def __call__(self, *args):
        self.count += 1
        if self.is_failing:
            raise OSError("disk I/O error")
        return iter(())

    async def awaited(self):
        self()


async def until(condition):
    for _ in range(5000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not happen")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(upkeep, "INTERVAL_S", 0.001)
    monkeypatch.setattr(upkeep, "LOOK_AT_QUEUES_S", 0.0)


@pytest.mark.parametrize("failing", range(5))
async def test_upkeep__one_duty_fails__the_others_and_itself_go_on(quick, failing):
    duties = [Counted(is_failing=at == failing) for at in range(5)]
    look, idle, holds, shadow, take = duties
    there = parts(
        pressure=SimpleNamespace(look=look.awaited, why_not_accepting="", why_not_from_outside=""),
        idle=SimpleNamespace(look=idle),
        shadow=SimpleNamespace(look=shadow),
        queues=SimpleNamespace(take=take),
    )
    task = asyncio.create_task(Upkeep(there, SimpleNamespace(end_holds=holds.awaited), None).run())
    await until(lambda: task.done() or all(duty.count > 2 for duty in duties))
    assert not task.done()
    task.cancel()


async def test_upkeep__duty_of_longer_intervals__is_not_done_at_each_step(quick):
    take, look = Counted(), Counted()
    there = parts(
        queues=SimpleNamespace(take=take),
        shadow=SimpleNamespace(look=look),
        ruleset=SimpleNamespace(organization=SimpleNamespace(resolver_retry_interval=3600)),
    )
    task = asyncio.create_task(Upkeep(there, SimpleNamespace(end_holds=nothing), None).run())
    await until(lambda: look.count >= 5)
    task.cancel()
    assert take.count == 0
