"""Limits as values: counts in, a refusal or nothing out."""

import pytest

from transport.config.objects import ReceiveConnector
from transport.model.limit import Limit, Reached
from transport.model.session import SessionFacts
from transport.model.verdict import Action, Stage
from transport.rules import limits


def connector(**fields):
    return ReceiveConnector(id="c", name="Front", **fields)


def test_connections__at_the_limit__are_fine_and_above_are_not():
    front = connector(
        max_inbound_connections=10,
        max_inbound_connections_per_source=2,
        max_inbound_connection_percentage_per_source=100,
    )
    assert limits.connections(front, in_all=10, from_source=2) is None
    in_all = limits.connections(front, in_all=11, from_source=1)
    of_one = limits.connections(front, in_all=3, from_source=3)
    assert (in_all.reply.enhanced, of_one.reply.enhanced) == ("4.3.2", "4.7.0")
    assert in_all.action is of_one.action is Action.DISCONNECT
    assert (
        of_one.reason
        == "Receive connector Front, MaxInboundConnectionPerSource: More than 2 connections from this address."
    )
    assert in_all.limit == Reached(Limit.CONNECTIONS, "10")
    assert of_one.limit == Reached(Limit.CONNECTIONS_PER_SOURCE, "2")


def test_connections__per_source_unlimited__only_the_whole_counts():
    front = connector(max_inbound_connections_per_source=None, max_inbound_connection_percentage_per_source=100)
    assert limits.connections(front, in_all=5000, from_source=5000) is None


def test_connections__share_of_what_is_left__shrinks_as_they_go_and_one_is_always_left():
    front = connector(max_inbound_connections=1000, max_inbound_connections_per_source=None)
    assert limits.connections(front, in_all=20, from_source=19) is None  # 2 % of 981
    assert limits.connections(front, in_all=20, from_source=20) is not None
    verdict = limits.connections(front, in_all=601, from_source=9)
    assert str(verdict.reply).startswith("421 4.7.0")
    assert verdict.limit == Reached(Limit.CONNECTION_PERCENTAGE_PER_SOURCE, "2 %")
    assert limits.connections(front, in_all=1000, from_source=1) is None
    assert limits.connections(front, in_all=1000, from_source=2) is not None


def test_connection_rate__at_and_above_the_limit():
    front = connector(max_connection_rate_per_min=1200)
    assert limits.connection_rate(front, in_last_minute=1200) is None
    verdict = limits.connection_rate(front, in_last_minute=1201)
    assert (str(verdict.reply)[:9], verdict.action, verdict.stage) == ("421 4.7.0", Action.DISCONNECT, Stage.CONNECT)
    assert verdict.limit == Reached(Limit.CONNECTION_RATE, "1200")
    assert limits.connection_rate(connector(), in_last_minute=10_000) is None


def test_message_rate__at_and_above_the_limit():
    front = connector(message_rate_limit_per_min=5)
    assert limits.message_rate(front, in_last_minute=5, source="p") is None
    verdict = limits.message_rate(front, in_last_minute=6, source="user anna")
    assert (verdict.reply.code, verdict.stage, verdict.limit) == (421, Stage.MAIL, Reached(Limit.MESSAGE_RATE, "5"))
    assert verdict.reason == "Receive connector Front, MessageRateLimit: More than 5 messages a minute of user anna."
    assert limits.message_rate(connector(), in_last_minute=10_000, source="p") is None


@pytest.mark.parametrize(
    ("source", "identity", "counted"),
    [
        ("None", "anna", ()),
        ("IPAddress", "anna", ("10.0.0.1",)),
        ("User", "anna", ("user anna",)),
        ("User", "", ()),
        ("All", "anna", ("10.0.0.1", "user anna")),
        ("All", "", ("10.0.0.1",)),
    ],
)
def test_rate_sources__by_setting_and_identity(source, identity, counted):
    facts = SessionFacts("s", "10.0.0.1", 1, "smtp", "c", 1, 0.0, identity=identity)
    assert limits.rate_sources(connector(message_rate_source=source), facts) == counted


def test_protocol_errors__beyond_the_limit__end_the_session_and_zero_never_does():
    assert limits.protocol_errors(connector(max_protocol_errors=2), count=2) is None
    verdict = limits.protocol_errors(connector(max_protocol_errors=2), count=3)
    assert (str(verdict.reply)[:9], verdict.action) == ("421 4.7.0", Action.DISCONNECT)
    assert verdict.limit == Reached(Limit.PROTOCOL_ERRORS, "2")
    assert limits.protocol_errors(connector(max_protocol_errors=0), count=1000) is None


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        (Limit.INACTIVITY_TIMEOUT, "5m", "The peer was silent for 5m."),
        (Limit.CONNECTION_TIMEOUT, "10m", "The session lasted for 10m."),
        (Limit.DATA_RATE, "500 octets a second", "The message came with less than 500 octets a second."),
    ],
)
def test_timed_out__says_which_time(limit, value, reason):
    verdict = limits.timed_out(connector(), limit)
    assert str(verdict.reply) == "421 4.4.2 Connection timed out"
    assert (verdict.limit, verdict.reason) == (Reached(limit, value), f"Receive connector Front, {limit}: {reason}")


def test_every_limit__has_a_sentence():
    assert all(limit.sentence.endswith(".") for limit in Limit)


def test_recipients__the_smaller_limit_holds__and_defers():
    assert limits.recipients(connector(max_recipients_per_message=9), 5, count=5) is None
    verdict = limits.recipients(connector(max_recipients_per_message=9), 5, count=6)
    assert (str(verdict.reply), verdict.action) == ("452 4.5.3 Too many recipients", Action.DEFER)
    assert limits.recipients(connector(max_recipients_per_message=3), 5, count=4) is not None


def test_data__slow_beyond_grace__is_too_slow():
    front = connector()
    assert not limits.is_data_too_slow(front, size_bytes=0, seconds=60)
    assert limits.is_data_too_slow(front, size_bytes=0, seconds=61)
    assert not limits.is_data_too_slow(front, size_bytes=500_000, seconds=1000)
    assert limits.is_data_too_slow(front, size_bytes=500_000, seconds=1061)
    assert not limits.is_data_too_slow(connector(min_data_rate=0), size_bytes=0, seconds=100_000)
