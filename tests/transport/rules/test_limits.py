"""Limits as values: counts in, a refusal or nothing out."""

from transport.config.objects import ReceiveConnector
from transport.model.verdict import Action, Stage
from transport.rules import limits


def connector(**fields):
    return ReceiveConnector(id="c", name="Front", **fields)


def test_connections__at_the_limit__are_fine_and_above_are_not():
    front = connector(max_inbound_connections=10, max_inbound_connections_per_source=2)
    assert limits.connections(front, in_all=10, from_source=2) is None
    in_all = limits.connections(front, in_all=11, from_source=1)
    of_one = limits.connections(front, in_all=3, from_source=3)
    assert (in_all.reply.enhanced, of_one.reply.enhanced) == ("4.3.2", "4.7.0")
    assert in_all.action is of_one.action is Action.DISCONNECT
    assert of_one.reason == "Receive connector Front: More than 2 connections from this address."


def test_connections__per_source_unlimited__only_the_whole_counts():
    front = connector(max_inbound_connections_per_source=None)
    assert limits.connections(front, in_all=5000, from_source=5000) is None


def test_message_rate__at_and_above_the_limit():
    front = connector(message_rate_limit_per_min=5)
    assert limits.message_rate(front, in_last_minute=5) is None
    verdict = limits.message_rate(front, in_last_minute=6)
    assert (verdict.reply.code, verdict.stage) == (421, Stage.MAIL)
    assert limits.message_rate(connector(), in_last_minute=10_000) is None


def test_recipients__the_smaller_limit_holds__and_defers():
    assert limits.recipients(connector(max_recipients_per_message=9), 5, count=5) is None
    verdict = limits.recipients(connector(max_recipients_per_message=9), 5, count=6)
    assert (str(verdict.reply), verdict.action) == ("452 4.5.3 Too many recipients", Action.DEFER)
    assert limits.recipients(connector(max_recipients_per_message=3), 5, count=4) is not None


def test_data__slow_beyond_grace__is_too_slow():
    assert not limits.is_data_too_slow(size_bytes=0, seconds=60)
    assert limits.is_data_too_slow(size_bytes=0, seconds=61)
    assert not limits.is_data_too_slow(size_bytes=500_000, seconds=1000)
    assert limits.is_data_too_slow(size_bytes=500_000, seconds=1061)
