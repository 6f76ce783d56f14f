"""The express way does what the careful way does, whatever a peer says: replies, rows, events, trails, counts."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.express_cases import FLOWS, HomeOfEach, dialogues, homes
from tests.support.two_ways import Outcome, Step, both_ways
from transport.listener import express
from transport.listener.regular import Regular
from transport.listener.session import Session


def compare(as_it_is: Outcome, careful: Outcome) -> None:
    assert b"".join(as_it_is.said) == b"".join(careful.said)
    assert as_it_is.stored == careful.stored
    assert as_it_is.queued == careful.queued
    assert as_it_is.recorded == careful.recorded
    assert as_it_is.counts == careful.counts


@pytest.mark.parametrize("name", FLOWS)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=dialogues(), fails_at=st.lists(st.integers(1, 4), max_size=2))
def test_any_dialogue__both_ways__come_to_the_same(name, steps, fails_at):
    compare(*both_ways(FLOWS[name], steps, fails_at=fails_at))


@pytest.fixture
def taken(monkeypatch) -> Iterator[list[int]]:
    """How many octets the express way dealt with, each time."""
    counts: list[int] = []
    received = express.received

    def counted(session: Session, client: Regular, data: bytes) -> int:
        counts.append(received(session, client, data))
        return counts[-1]

    monkeypatch.setattr(express, "received", counted)
    yield counts


PLAIN = [b"MAIL FROM:<a@a.example>\r\n", b"RCPT TO:<x@b.example>\r\n", b"DATA\r\n", b"Subject: x\r\n\r\ntext\r\n.\r\n"]


@pytest.mark.parametrize("name", ["open", "senders", "recipients", "ends", "limits", "lenient", "organization sizes"])
def test_plain_mail__goes_by_express(name, taken):
    steps = [Step(b"EHLO x\r\n"), *(Step(octets) for octets in PLAIN)]
    compare(*both_ways(FLOWS[name], steps))
    assert taken == [len(octets) for octets in PLAIN]


def test_rules__look_at_each_message__which_goes_the_careful_way(taken):
    compare(*both_ways(FLOWS["ruled"], [Step(b"EHLO x\r\n"), *(Step(octets) for octets in PLAIN)]))
    assert sum(taken) == sum(len(octets) for octets in PLAIN[:3])


def test_homes_of_recipients__are_not_remembered_by_domain():
    lines = [b"MAIL FROM:<a@a.example>", b"RCPT TO:<%s>", b"DATA", b"Subject: x\r\n\r\ntext\r\n."]
    to = (b"ann@acme.example", b"ben@acme.example", b"dan@acme.example", b"x@b.example", b"ann@acme.example")
    steps = [Step((line % who if b"%" in line else line) + b"\r\n") for who in to for line in lines]
    directory = HomeOfEach(ann="EX01", ben="EX02", dan="")
    as_it_is, careful = both_ways(homes(), [Step(b"EHLO x\r\n"), *steps], lookup=directory)
    compare(as_it_is, careful)
    hops = [hop.split("/")[1] for _, found, _, _ in as_it_is.queued for hop in found]
    assert hops == ["one", "two", "out", "b", "one"]


@pytest.mark.parametrize("name", ["rate_limit", "windows", "rates"])
def test_answer_that_changes__is_asked_for_each_time(name, taken):
    compare(*both_ways(FLOWS[name], [Step(b"EHLO x\r\n"), *(Step(octets) for octets in PLAIN)]))
    assert taken == []


def test_policy_that_ended__is_not_remembered():
    """Which relay policy grants it is remembered until one of them ends."""
    to_c = [PLAIN[0], b"RCPT TO:<x@c.example>\r\n", *PLAIN[2:]]
    steps = [Step(b"EHLO x\r\n"), *(Step(octets) for octets in to_c), Step(to_c[0], later_s=101), Step(to_c[1])]
    as_it_is, careful = both_ways(FLOWS["ends"], steps)
    compare(as_it_is, careful)
    assert as_it_is.said[-1].startswith(b"550 5.7.1")


def test_policy_that_ended_within_a_transaction__grants_no_more_of_its_recipients():
    to_c = b"RCPT TO:<x@c.example>\r\n"
    lines = [b"EHLO x\r\n", PLAIN[0], to_c, b"RSET\r\n", PLAIN[0]]
    steps = [*(Step(octets) for octets in lines), Step(to_c, later_s=101), Step(to_c), *(Step(o) for o in PLAIN[2:])]
    as_it_is, careful = both_ways(FLOWS["ends"], steps)
    compare(as_it_is, careful)
    assert [said[:9] for said in as_it_is.said[-4:-2]] == [b"550 5.7.1"] * 2


@pytest.mark.parametrize("name", ["sender", "senders"])
def test_other_sender__is_asked_for_anew(name):
    first = {"sender": b"me@a.example", "senders": b"y@a.example"}[name]
    second = {"sender": b"a@a.example", "senders": b"y@d.example"}[name]
    lines = [b"MAIL FROM:<%s>" % first, b"RCPT TO:<x@b.example>", b"RSET"]
    lines += [b"MAIL FROM:<%s>" % second, b"RCPT TO:<x@b.example>"]
    as_it_is, careful = both_ways(FLOWS[name], [Step(b"EHLO x\r\n"), *(Step(line + b"\r\n") for line in lines)])
    compare(as_it_is, careful)
    assert [said[:3] for said in as_it_is.said[-4:]] == [b"250", b"250", b"250", b"550"]
