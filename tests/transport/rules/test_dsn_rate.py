"""How many notifications go out: so many to a sender an hour, so many from a node a minute."""

from transport.rules.dsn_rate import HOUR_S, MAX_SENDERS, NodePace, SenderLimit


def test_sender__has_so_many_an_hour_and_then_none():
    limit = SenderLimit()
    assert [limit.admits("a@x", 0.0, 3) for _ in range(5)] == [True, True, True, False, False]
    assert limit.admits("b@x", 0.0, 3)
    assert not limit.admits("a@x", HOUR_S - 1, 3)
    assert limit.admits("a@x", HOUR_S, 3)
    assert all(limit.admits("a@x", HOUR_S, None) for _ in range(100))


def test_sender__a_clock_that_was_put_back_locks_nobody_out():
    limit = SenderLimit()
    assert limit.admits("a@x", 10 * HOUR_S, 1)
    assert limit.admits("a@x", HOUR_S, 1)


def test_sender__no_more_are_remembered_than_fit():
    limit = SenderLimit()
    for number in range(MAX_SENDERS + 10):
        limit.admits(f"{number}@x", 0.0, 1)
    assert limit.admits("0@x", 0.0, 1) and not limit.admits(f"{MAX_SENDERS}@x", 0.0, 1)


def test_node__gives_a_burst_and_then_its_pace():
    pace = NodePace(0.0)
    assert [pace.wait_s(0.0, 60) for _ in range(6)] == [0.0] * 6
    wait_s = pace.wait_s(0.0, 60)
    assert 0.99 < wait_s <= 1.0
    assert pace.wait_s(wait_s + 0.01, 60) == 0.0 and pace.wait_s(wait_s + 0.01, 60) > 0.9
    assert pace.wait_s(2.0, None) == 0.0


def test_node__a_slow_pace_lets_one_go_at_once():
    pace = NodePace(0.0)
    assert pace.wait_s(0.0, 1) == 0.0 and 59 < pace.wait_s(0.0, 1) <= 60
