"""Events become rows exactly once, and the rows say what became of each message."""

from __future__ import annotations

import time

import pytest
from django.db import connection

from mailconsole.tracking.models import (
    FIRST_IN_DOMAIN,
    NOT_DELIVERED,
    Message,
    MessageRecipient,
    MinuteCounter,
    Refusal,
    TrackingEvent,
)
from mailconsole.tracking.services.ingest import ingest_events
from mailconsole.tracking.services.life import events_of
from mailconsole.tracking.services.offsets import shipped_up_to
from mailconsole.tracking.states import MessageStatus, RecipientState
from tests.support.traffic import DEFERRED_REPLY, DELIVERED_REPLY, Traffic
from transport.model.event import EventId

pytestmark = pytest.mark.django_db


def test_ingest__a_whole_life__says_delivered_with_the_remotes_reply():
    traffic = Traffic()
    message_id = traffic.receive()
    traffic.route(message_id)
    traffic.defer(message_id)
    traffic.send(message_id)

    assert traffic.ingest() == 4

    message = Message.objects.get(spool_id=message_id)
    assert message.status == MessageStatus.DELIVERED
    assert message.finished_at is not None
    assert message.internet_message_id == f"{message_id}@contoso.example"
    recipient = message.recipients.get()
    assert (recipient.state, recipient.last_reply) == (RecipientState.DELIVERED, DELIVERED_REPLY)
    assert [event.event for event in events_of(message, limit=9)] == ["RECEIVE", "ROUTE", "DEFER", "SEND"]


def test_ingest__life_spread_over_batches__ends_the_same():
    traffic = Traffic()
    message_id = traffic.receive("bob@fabrikam.example", "Eve@fabrikam.example")
    traffic.ingest()
    traffic.defer(message_id)
    traffic.ingest()
    deferred = Message.objects.get()
    assert (deferred.status, deferred.finished_at) == (MessageStatus.DEFERRED, None)
    assert MessageRecipient.objects.get(address_key="bob@fabrikam.example").last_reply == DEFERRED_REPLY
    traffic.send(message_id)
    traffic.fail(message_id, "eve@fabrikam.example")
    traffic.ingest()

    message = Message.objects.get()
    assert message.status == MessageStatus.PARTLY_FAILED
    assert MessageRecipient.objects.count() == 2
    assert [event.event for event in events_of(message, limit=9)] == ["RECEIVE", "DEFER", "SEND", "FAIL"]
    assert [event.event for event in events_of(message, limit=2)] == ["RECEIVE", "DEFER"]


def test_ingest__recipients_told_of_together__each_have_the_fate():
    traffic = Traffic()
    message_id = traffic.receive("a@fabrikam.example", "B@fabrikam.example", "c@fabrikam.example")
    detail = {"recipients": ["a@fabrikam.example", "b@fabrikam.example"], "attempt": 1, "phase": "dot"}
    traffic.add(EventId.SEND, message_id=message_id, reply=DELIVERED_REPLY, detail=detail)
    traffic.ingest()

    states = dict(MessageRecipient.objects.values_list("address_key", "state"))
    assert states.pop("c@fabrikam.example") == RecipientState.PENDING
    assert set(states.values()) == {RecipientState.DELIVERED} and len(states) == 2
    assert sum(MinuteCounter.objects.values_list("delivered", flat=True)) == 2


def test_ingest__same_batch_again__changes_nothing():
    traffic = Traffic()
    traffic.send(traffic.receive())
    traffic.refuse()
    assert traffic.ingest() == 3

    assert traffic.ingest() == 0

    assert (len(events_of(Message.objects.get(), limit=9)), Refusal.objects.count()) == (2, 1)
    counter = MinuteCounter.objects.get()
    assert (counter.accepted, counter.delivered, counter.refused) == (1, 1, 1)
    assert shipped_up_to("transport-1") == 3


def test_ingest__batch_that_overlaps__takes_only_what_is_new():
    traffic = Traffic()
    message_id = traffic.receive()
    traffic.ingest()
    traffic.send(message_id)

    assert ingest_events(node="transport-1", events=traffic.events) == 1
    assert MinuteCounter.objects.get().accepted == 1


def test_ingest__group_expanded__waits_for_its_members():
    traffic = Traffic()
    message_id = traffic.receive("all@contoso.example")
    members = ["a@contoso.example", "b@contoso.example"]
    traffic.add(EventId.EXPAND, message_id=message_id, recipient="all@contoso.example", detail={"to": members})
    traffic.send(message_id, "a@contoso.example")
    traffic.ingest()

    states = dict(MessageRecipient.objects.values_list("address_key", "state"))
    assert states == {
        "all@contoso.example": RecipientState.EXPANDED,
        "a@contoso.example": RecipientState.DELIVERED,
        "b@contoso.example": RecipientState.PENDING,
    }
    assert Message.objects.get().status == MessageStatus.PENDING


def test_ingest__forwarded_and_copied__leave_nothing_open():
    traffic = Traffic()
    message_id = traffic.receive("a@contoso.example", "b@contoso.example")
    to = {"to": ["x@fabrikam.example"], "because": "The recipient's mail is forwarded."}
    traffic.add(EventId.REDIRECT, message_id=message_id, recipient="a@contoso.example", detail=to)
    copied = {"to": ["x@fabrikam.example"], "copy_message_id": message_id + 1}
    traffic.add(EventId.TRANSFER, message_id=message_id, detail=copied)
    traffic.send(message_id, "b@contoso.example")
    traffic.ingest()

    states = dict(MessageRecipient.objects.values_list("address_key", "state"))
    assert states == {
        "a@contoso.example": RecipientState.EXPANDED,
        "x@fabrikam.example": RecipientState.EXPANDED,
        "b@contoso.example": RecipientState.DELIVERED,
    }
    assert Message.objects.get().status == MessageStatus.DELIVERED


def test_ingest__routes_told_with_the_receipt__are_kept_for_each_recipient():
    next_hop = "DnsConnectorDelivery/internet/fabrikam.example"
    traffic = Traffic()
    routes = [{"next_hop": next_hop, "considered": [], "recipients": ["a@fabrikam.example"]}]
    message_id = traffic.receive("group@contoso.example", routes=routes)
    to = {"to": ["a@fabrikam.example"], "because": "Group of 1 members."}
    traffic.add(EventId.EXPAND, message_id=message_id, recipient="group@contoso.example", detail=to)
    traffic.ingest()

    rows = set(MessageRecipient.objects.values_list("address_key", "state", "next_hop"))
    assert rows == {
        ("group@contoso.example", RecipientState.EXPANDED, ""),
        ("a@fabrikam.example", RecipientState.PENDING, next_hop),
    }


def test_ingest__group_without_members__can_still_fail():
    traffic = Traffic()
    message_id = traffic.receive("group@contoso.example")
    traffic.add(EventId.EXPAND, message_id=message_id, recipient="group@contoso.example", detail={"to": []})
    traffic.fail(message_id, "group@contoso.example")
    traffic.ingest()

    assert Message.objects.get().status == MessageStatus.FAILED


def test_ingest__failure_repeated_after_a_crash__is_counted_once():
    traffic = Traffic()
    message_id = traffic.receive()
    traffic.fail(message_id)
    traffic.fail(message_id)
    traffic.ingest()

    assert MinuteCounter.objects.get().failed == 1


def test_ingest__flood_of_refusals__counts_those_that_were_not_told():
    traffic = Traffic()
    traffic.refuse(untold=41)
    traffic.ingest()

    assert MinuteCounter.objects.get().refused == 42


def test_ingest__unreadable_event__does_not_stop_the_others():
    traffic = Traffic()
    traffic.receive()
    traffic.events.insert(0, (0, b"{"))
    broken = [(1, b"not json"), (1, b"[]"), *[(sequence + 1, data) for sequence, data in traffic.events]]

    assert ingest_events(node="transport-1", events=broken) == 4
    assert Message.objects.count() == 1


def test_ingest__event_of_a_message_never_received__is_passed_over():
    traffic = Traffic()
    traffic.send(4711)
    traffic.ingest()

    assert TrackingEvent.objects.count() == 0
    assert shipped_up_to("transport-1") == 1


def test_ingest__hostile_text__is_kept_within_its_columns():
    traffic = Traffic()
    traffic.receive("x" * 400 + "@" + "y" * 400, sender="\x00" + "s" * 1000, subject="\u202e\x00" + "é" * 5000)
    traffic.refuse(reply="550 " + "r" * 9000, helo="h" * 900, trail=[["a", "b", "c\x00", "no", "d"]])
    traffic.ingest()

    message = Message.objects.get()
    assert "\x00" not in message.sender + message.subject
    assert len(message.subject) == 500
    assert Refusal.objects.get().trail == [["a", "b", "c\ufffd", "no", "d"]]


def test_ingest__two_nodes_with_the_same_ids__stay_apart():
    for node in ("transport-1", "transport-2"):
        traffic = Traffic(node=node)
        traffic.send(traffic.receive())
        assert traffic.ingest() == 2

    assert [len(events_of(message, limit=9)) for message in Message.objects.all()] == [2, 2]


def test_ingest__times__are_read_back_to_the_microsecond():
    for at in (1_800_000_000.0, 1_800_000_000.999999, 1_800_000_059.000001, 1_800_000_123.4567):
        traffic = Traffic(node=f"n{at}", at=at)
        traffic.receive(routes=[{"next_hop": "x", "recipients": ["bob@fabrikam.example"]}])
        traffic.ingest()
        assert Message.objects.get(node__name=f"n{at}").received_at.timestamp() == at


def test_search__by_what_became_of_it_or_by_domain__is_answered_by_an_index():
    explained = str(MessageRecipient.objects.filter(FIRST_IN_DOMAIN, domain="x").order_by("-received_at").explain())
    assert connection.vendor != "sqlite" or "recipient_domain" in explained
    explained = str(Message.objects.filter(NOT_DELIVERED, status="failed").order_by("-received_at").explain())
    assert connection.vendor != "sqlite" or "message_status" in explained


def test_ingest__four_thousand_events__costs_little_each():
    traffic = Traffic()
    for _ in range(1333):
        message_id = traffic.receive()
        traffic.route(message_id)
        traffic.send(message_id)
    began = time.process_time()
    count = traffic.ingest()

    assert count == 3999
    assert (time.process_time() - began) / count < 200e-6
