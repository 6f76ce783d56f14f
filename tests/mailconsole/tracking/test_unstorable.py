"""What a peer says, however odd, stops no tracking: it is made to fit, or its event alone is passed over."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError

from mailconsole.nodes.models import NodeEvent
from mailconsole.tracking.models import Message, MinuteCounter, ObjectUse, Refusal, TrackingEvent
from mailconsole.tracking.services import ingest
from mailconsole.tracking.services.offsets import shipped_up_to
from mailconsole.tracking.services.store import store
from mailconsole.tracking.states import MessageStatus
from tests.support.traffic import Traffic
from transport.model.event import EventId

pytestmark = pytest.mark.django_db

TWENTY_DIGITS = 10**20 - 1
HOP = "DnsConnectorDelivery/internet/fabrikam.example"
BAD: dict[str, dict[str, Any]] = {
    "year": {"event": EventId.REFUSE, "at": 1e13},
    "time": {"event": EventId.REFUSE, "at": 1e17},
    "no time": {"event": EventId.REFUSE, "at": 1e300},
    "detail": {"event": EventId.REFUSE, "detail": ["x"]},
    "next attempt": {"event": EventId.DEFER, "detail": {"next_attempt_at": 1e15}},
    "recipients": {"event": EventId.SEND, "detail": {"recipients": 7}},
    "node event": {"event": EventId.BAD_MAIL, "message_id": 0, "detail": {"x": [float("nan")]}, "reason": 7},
}


@pytest.mark.parametrize("size_bytes", [TWENTY_DIGITS, 2**63, 2**63 - 1])
def test_ingest__size_that_no_column_holds__is_the_largest_there_is(size_bytes):
    traffic = Traffic()
    traffic.add(EventId.REFUSE, size_bytes=size_bytes, revision=2**40, detail={"stage": "mail"})
    traffic.receive(size_bytes=size_bytes)
    assert traffic.ingest() == 2
    refusal = Refusal.objects.get()
    assert (refusal.size_bytes, refusal.revision, refusal.stage) == (2**63 - 1, 2**31 - 1, "mail")
    assert Message.objects.get().size_bytes == MinuteCounter.objects.get().accepted_bytes == 2**63 - 1


@pytest.mark.parametrize("case", BAD)
def test_ingest__event_that_nothing_holds__is_passed_over_and_all_others_kept(case, caplog):
    traffic = Traffic()
    for place in range(9):
        message_id = traffic.receive(
            routes=[{"next_hop": HOP, "considered": [], "recipients": ["bob@fabrikam.example"]}]
        )
        if place in (4, 7):
            bad = dict(BAD[case])
            bad_at = traffic.add(bad.pop("event"), **{"message_id": message_id, "at": traffic.at} | bad)
        traffic.send(message_id)
        traffic.refuse()

    assert traffic.ingest() == len(traffic.events)
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.DELIVERED}
    counter = MinuteCounter.objects.get()
    assert (counter.accepted, counter.delivered, counter.refused) == (9, 9, 9)
    assert (Message.objects.count(), Refusal.objects.count()) == (9, 9)
    assert ObjectUse.objects.get(section="receive_connectors").count == 9
    assert f"'sequence': {bad_at}" in caplog.text and caplog.text.count("tracking.event_not_stored") == 2
    assert shipped_up_to("transport-1") == len(traffic.events)
    assert traffic.ingest() == 0


def test_ingest__database_that_is_away__passes_nothing_over(monkeypatch):
    def away(*_: Any) -> None:
        asked.append(1)
        raise OperationalError("no connection")

    asked: list[int] = []
    traffic = Traffic()
    traffic.send(traffic.receive())
    with monkeypatch.context() as broken:
        broken.setattr(ingest, "store", away)
        with pytest.raises(OperationalError):
            traffic.ingest()
    assert (asked, shipped_up_to("transport-1")) == ([1], 0)
    assert traffic.ingest() == 2


def test_ingest__database_goes_away_between_two_halves__all_is_stored_once(monkeypatch):
    """The whole can't be stored for what it says, the first half can, and then there is no database."""

    def failing(*told: Any) -> None:
        error = next(happens, None)
        if error is not None:
            raise error
        store(*told)

    traffic = Traffic()
    for _ in range(4):
        traffic.refuse()
    happens = iter([DataError("out of range"), None, OperationalError("no connection")])
    monkeypatch.setattr(ingest, "store", failing)
    with pytest.raises(OperationalError):
        traffic.ingest()
    assert (Refusal.objects.count(), shipped_up_to("transport-1")) == (2, 2)
    assert traffic.ingest() == 2
    assert (Refusal.objects.count(), MinuteCounter.objects.get().refused) == (4, 4)


@pytest.mark.parametrize("error", [DataError("x"), KeyError("x"), IntegrityError("NOT NULL constraint failed")])
def test_ingest__nothing_can_be_stored__keeps_all_of_it_for_later(monkeypatch, error):
    """What is wrong with our own rows or program is not what an event says."""

    def failing(*_: Any) -> None:
        raise error

    traffic = Traffic()
    for _ in range(5):
        traffic.refuse()
    with monkeypatch.context() as broken:
        broken.setattr(ingest, "store", failing)
        with pytest.raises((type(error), ingest.EventUnreadable)):
            traffic.ingest()
    assert shipped_up_to("transport-1") == 0
    assert traffic.ingest() == Refusal.objects.count() == 5


@pytest.mark.parametrize(
    "text", ["a\x00b", "\ud800", "\\u0000", "\\\\u0000\\", "\U0010ffff\uffff", "\u0130" * 900, "x" * 9000]
)
def test_ingest__hostile_text_anywhere__is_kept(text, caplog):
    traffic, said = Traffic(), {"peer": text, "reply": text, "reason": text, "session_id": text, "connector_id": text}
    details = dict.fromkeys(("helo", "identity", "tls", "binding", "stage", "action", "client_certificate"), text)
    trail = [[text, text, text, "yes", text]]
    traffic.add(EventId.REFUSE, sender=text, recipient=text, detail=details | {"trail": trail}, **said)
    message_id = traffic.receive(text, sender=text, subject=text, internet_message_id=text, trail=trail, **details)
    traffic.ingest()
    detail = {"next_hop": text, text: [text]}
    traffic.add(EventId.DEFER, message_id=message_id, recipient=text, sender=text, detail=detail, **said)
    traffic.add(EventId.SHADOW_REDIRECT, message_id=message_id, detail={"from_node": text, "from_id": TWENTY_DIGITS})
    traffic.add(EventId.BAD_MAIL, reason=text, detail=detail)
    assert traffic.ingest() == 3
    assert "not_stored" not in caplog.text
    assert (Refusal.objects.count(), TrackingEvent.objects.count(), NodeEvent.objects.count()) == (1, 2, 1)
    assert Message.objects.get().status == MessageStatus.DEFERRED


def test_ingest__hostile_text_about_the_node_itself__is_kept():
    traffic = Traffic()
    traffic.add(EventId.BAD_MAIL, reason="a\x00\ud800.eml", detail={"name\x00": ["\x00\udfff"]})
    assert traffic.ingest() == 1
    event = NodeEvent.objects.get()
    assert (event.sentence, event.detail) == ("a\ufffd?.eml", {"name\ufffd": ["\ufffd?"]})
