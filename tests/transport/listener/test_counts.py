"""Counts that limits are held against, and the bounded log of refusals."""

import pytest

from transport.listener.counts import ConnectionCounts, MinuteRates
from transport.listener.refusals import KEPT_PER_PEER_PER_S, KEPT_PER_S, RefusalLog
from transport.model.event import EventId, TrackingEvent
from transport.ports.spool import SpoolUnavailable


def refusal(peer="10.0.0.1", at=100.0):
    return TrackingEvent(EventId.REFUSE, at, peer=peer, detail={"stage": "rcpt"})


@pytest.fixture
def kept():
    return []


def test_connections__added_and_removed__leave_nothing():
    counts = ConnectionCounts()
    assert counts.add("a", "p") == (1, 1)
    assert counts.add("a", "q") == (2, 1)
    assert counts.add("b", "p") == (1, 1)
    for connector_id, peer in (("a", "p"), ("a", "q"), ("b", "p")):
        counts.remove(connector_id, peer)
    assert (counts._by_connector, counts._by_source) == ({}, {})


def test_rates__messages_older_than_a_minute__count_no_more():
    rates = MinuteRates()
    assert [rates.add("a", "p", limit=2, now=now) for now in (0, 30, 59)] == [1, 2, 3]
    assert rates.add("a", "p", limit=2, now=60) == 2


def test_rates__refused_messages__are_not_kept():
    rates = MinuteRates()
    assert [rates.add("a", "p", limit=1, now=1.0) for _ in range(1000)][-1] == 2
    assert len(rates._times["a", "p"]) == 1


def test_rates__sources_of_long_ago__are_forgotten():
    rates = MinuteRates()
    for number in range(1000):
        rates.add("a", str(number), limit=5, now=1.0)
    rates.add("a", "p", limit=5, now=100.0)
    assert list(rates._times) == [("a", "p")]


def test_refusals__flood_of_one_peer__is_counted_and_others_are_kept(kept):
    log = RefusalLog(kept.extend)
    for _ in range(1000):
        log.tell(refusal())
    log.tell(refusal(peer="10.0.0.2"))
    assert len(kept) == KEPT_PER_PEER_PER_S + 1
    assert (log.told, log.untold) == (len(kept), 1000 - KEPT_PER_PEER_PER_S)


def test_refusals__after_a_flood__the_next_says_how_many_were_not_kept(kept):
    log = RefusalLog(kept.extend)
    for _ in range(15):
        log.tell(refusal())
    log.tell(refusal(at=101.0))
    assert kept[-1].detail == {"stage": "rcpt", "untold": 5}
    log.tell(refusal(at=101.0))
    assert "untold" not in kept[-1].detail


def test_refusals__flood_of_many_peers__is_bounded_in_all(kept):
    log = RefusalLog(kept.extend)
    for number in range(1000):
        log.tell(refusal(peer=str(number)))
    assert len(kept) == KEPT_PER_S


def test_refusals__spool_fails__are_counted():
    def fail(events):
        raise SpoolUnavailable("disk full")

    log = RefusalLog(fail)
    log.tell(refusal())
    assert (log.told, log.untold) == (0, 1)
