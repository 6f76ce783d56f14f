"""Back pressure as values: readings and the levels before in, levels and reasons out."""

import pytest

from transport.config.objects import Organization
from transport.model.pressure import Level, Resource, ResourceState
from transport.rules import pressure
from transport.rules.pressure import Readings

MB = 1024 * 1024
SAID = Organization(queue_length_medium=1000, queue_length_high=2000)


def readings(**said):
    plain = {"disk_total_bytes": 100_000 * MB, "disk_free_bytes": 50_000 * MB, "memory_total_bytes": 1000 * MB}
    return Readings(**plain | said)


def follow(resource, said, *series):
    """The levels of one resource over readings, one a second."""
    before: dict[Resource, ResourceState] = {}
    levels = []
    for now, one in enumerate(series):
        before = {state.resource: state for state in pressure.judge(said, one, before, now=float(now))}
        levels.append(before[resource].level.value)
    return levels


def test_queue__up_and_down__has_hysteresis():
    lengths = (999, 1000, 1999, 2000, 1600, 1501, 1499, 1000, 600, 501, 499)
    levels = follow(Resource.QUEUE_LENGTH, SAID, *(readings(queue_length=length) for length in lengths))
    assert levels == ["Low", "Medium", "Medium", "High", "High", "High", "Medium", "Medium", "Medium", "Medium", "Low"]


def test_queue__unlimited__is_never_scarce():
    said = Organization(queue_length_medium=None, queue_length_high=None)
    assert follow(Resource.QUEUE_LENGTH, said, readings(queue_length=10**9)) == ["Low"]


def test_disk_used__up_and_down__follows_exchange():
    used = (95, 96, 98, 99, 98, 97, 95, 94)
    series = [readings(disk_free_bytes=(100 - share) * 1000 * MB) for share in used]
    levels = follow(Resource.SPOOL_DISK_USED, Organization(), *series)
    assert levels == ["Low", "Medium", "Medium", "High", "High", "Medium", "Medium", "Low"]


def test_disk_free__less_is_worse():
    free = (600, 500, 499, 100, 99, 250, 310, 600, 720)
    series = [readings(disk_free_bytes=left * MB) for left in free]
    levels = follow(Resource.SPOOL_DISK_FREE, Organization(), *series)
    assert levels == ["Low", "Medium", "Medium", "High", "High", "High", "Medium", "Medium", "Low"]


def test_disk__cannot_be_read__is_a_temporary_no():
    states = pressure.judge(Organization(), readings(disk_problem="Input/output error"), {}, now=1.0)
    assert pressure.reason(states, Level.HIGH) == (
        "back pressure is High: The spool's disk can't be read: Input/output error"
    )


def test_memory__one_peak__does_not_count_and_ten_in_a_row_do():
    peak, calm = readings(memory_bytes=800 * MB), readings(memory_bytes=100 * MB)
    levels = follow(Resource.MEMORY, Organization(), calm, peak, calm, *[peak] * 10, calm)
    assert levels[:3] == ["Low"] * 3
    assert levels[-3:] == ["Low", "High", "Low"]


def test_off__nothing_is_scarce():
    said = Organization(is_back_pressure_enabled=False)
    states = pressure.judge(said, readings(disk_free_bytes=0, queue_length=10**9), {}, now=1.0)
    assert {state.level for state in states} == {Level.LOW}


def test_reason__says_value_and_limit():
    states = pressure.judge(SAID, readings(queue_length=1200), {}, now=1.0)
    assert pressure.reason(states, Level.HIGH) == ""
    assert pressure.reason(states, Level.MEDIUM) == (
        "back pressure is Medium: 1,200 messages are queued on the node; the limit for Medium is 1,000 messages"
    )


@pytest.mark.parametrize(("left", "share"), [(50_000, 0.002), (200, 0.5), (100, 1.0), (0, 1.0)])
def test_share__of_free_space__is_how_much_of_the_reserve_is_gone(left, share):
    states = pressure.judge(Organization(), readings(disk_free_bytes=left * MB), {}, now=1.0)
    free = next(state for state in states if state.resource is Resource.SPOOL_DISK_FREE)
    assert free.share == pytest.approx(share)
