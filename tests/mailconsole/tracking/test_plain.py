"""Common lives are read by their pieces and stored without the fold: the rows are the same."""

from __future__ import annotations

from typing import Any

import pytest

from mailconsole.tracking.models import Message, MessageRecipient, MinuteCounter, ObjectUse
from mailconsole.tracking.services.fold import Fold
from mailconsole.tracking.services.ingest import ingest_events
from mailconsole.tracking.services.plain import PlainLives
from mailconsole.tracking.services.search import MessageQuery, search_messages
from mailconsole.tracking.states import MessageStatus
from tests.support.traffic import DELIVERED_REPLY, Traffic
from transport.model import compact_json
from transport.model.compact_json import Constant
from transport.model.event import EventId, ReceiveEvent, SendEvent

pytestmark = pytest.mark.django_db

HOP = "DnsConnectorDelivery/internet/fabrikam.example"
TWO = ("a@fabrikam.example", "B@Fabrikam.example")
MANY = tuple(f"{number}@{'fabrikam' if number % 2 else 'partner'}.example" for number in range(70))
LITERAL = ("a@[192.0.2.1]", "b@[192.0.2.1]", "c@fabrikam.example", "ü@fabrikam.example")
PLAIN: dict[str, tuple[tuple[str, ...], list[dict[str, Any]], dict[str, Any]]] = {
    "delivered": (TWO[:1], [{"recipient": TWO[0], "reply": DELIVERED_REPLY, "reason": "as it was"}], {}),
    "together": (
        TWO,
        [{"reply": DELIVERED_REPLY, "detail": {"recipients": [*TWO], "attempt": 3, "next_hop": "x"}}],
        {},
    ),
    "many": (MANY, [{"reply": DELIVERED_REPLY, "detail": {"attempt": 1, "recipients": [*MANY], "tls": "TLSv1.3"}}], {}),
    "literals": (LITERAL, [{"reply": DELIVERED_REPLY, "detail": {"recipients": [*LITERAL], "phase": "dot"}}], {}),
    "not yet": (TWO[:1], [], {}),
    "no sender": (TWO[:1], [], {"sender": "", "subject": "\u202eRe: ü", "internet_message_id": "<ü@x.example> "}),
    "grows in lower case": (
        ("\u0130" * 300 + "@fabrikam.example",),
        [],
        {"sender": "\u0130" * 300 + "@contoso.example"},
    ),
    "null": (TWO[:1], [], {"subject": "", "internet_message_id": "<>", "helo": "[192.0.2.7]", "tls": "TLSv1.3 AES"}),
}
ODD: dict[str, tuple[tuple[str, ...], list[dict[str, Any]], dict[str, Any]]] = {
    "one of two": (TWO, [{"recipient": TWO[0], "reply": DELIVERED_REPLY}], {}),
    "in another order": (TWO, [{"reply": DELIVERED_REPLY, "detail": {"recipients": [*reversed(TWO)]}}], {}),
    "twice": (TWO[:1], [{"recipient": TWO[0], "reply": reply} for reply in (DELIVERED_REPLY, "250 again")], {}),
    "later": (TWO[:1], [{"recipient": TWO[0], "reply": "250 ok", "detail": {"next_attempt_at": 1_800_000_900.0}}], {}),
    "one address": (("a@x.example", "A@x.example"), [], {}),
    "hostile": (("a\u202e\x00@fabrikam.example",), [{"reply": "250 \ud800"}], {}),
    "keys": (TWO[:1], [], {"subject": '","trail":[],"recipients":["', "sender": 'x","peer":"y'}),
    "no text": (TWO[:1], [{"recipient": TWO[0], "reply": 250}], {}),
    "long": (("x" * 400 + "@" + "y" * 400,), [{"reply": "2" * 9000}], {}),
    "many attempts": (TWO[:1], [{"recipient": TWO[0], "reply": "250 ok", "detail": {"attempt": 10**30}}], {}),
    "long helo": (TWO[:1], [], {"helo": "h" * 256}),
    "odd trail": (TWO[:1], [], {"trail": [["a", ["b"], "c", "yes", "d"]]}),
    "odd session": (TWO[:1], [], {"helo": ["x"], "subject": "s" * 501}),
}


@pytest.mark.parametrize("case", [*PLAIN, *ODD])
def test_ingest__common_life__makes_the_rows_that_the_fold_makes(case, monkeypatch):
    """The short way and the one that knows every case must not tell two stories."""
    found: list[Any] = []
    folded: list[Any] = []

    def add(fold: Fold, *told: Any) -> None:
        folded.append(told)
        ADD(fold, *told)

    monkeypatch.setattr(Fold, "add", add)
    for way in ("short", "fold"):
        traffic = Traffic(node=way)
        if way == "fold":
            monkeypatch.setattr(PlainLives, "add", lambda *_: False)
        tell(traffic, *(PLAIN | ODD)[case])
        traffic.ingest()
        found.append(rows_of(traffic.node))
    assert found[0] == found[1] and len(found[0]) >= 4
    assert (len(folded) == len(traffic.events)) is (case in PLAIN)


ADD = Fold.add


def tell(traffic: Traffic, to: tuple[str, ...], sends: list[dict[str, Any]], said: dict[str, Any]) -> None:
    """A message to these recipients, and what was told of it later."""
    routes = [{"next_hop": HOP, "considered": [["internet", "Internet", ""]], "recipients": list(to)}]
    message_id = traffic.receive(*to, **said, routes=routes)
    for one in sends:
        traffic.add(EventId.SEND, message_id=message_id, **{"at": traffic.at + 2.5, "detail": {"attempt": 1}} | one)


def test_ingest__told_as_nodes_tell_it__is_read_without_the_fold(monkeypatch):
    """The octets that the listener and the ledger make; should they change, this way must follow."""
    monkeypatch.setattr(Fold, "add", lambda *_: pytest.fail("it was folded"))
    session = {"helo": "x.example", "identity": "", "tls": "", "binding": "smtp"}
    considered, trail = Constant([["internet", "Internet", ""]]), Constant([])
    route = {"next_hop": HOP, "considered": considered, "recipients": [TWO[0]]}
    detail = session | {"recipients": [TWO[0]], "internet_message_id": "", "subject": "", "trail": trail}
    encoded = compact_json.encode(session).decode()[1:-1]
    said = (1_800_000_000.25, 7, "s", "a@x.example", "", "127.0.0.1", "default", "", "", 99, 1)
    received = ReceiveEvent(EventId.RECEIVE, *said, detail | {"routes": [route]}, encoded, len(session))
    told = compact_json.encode({"next_hop": HOP, "phase": "dot", "attempt": 1}).decode()
    sent = SendEvent(EventId.SEND, 1_800_000_001.0, 7, recipient=TWO[0], reply="250 ok", detail={"x": 1}, told=told)
    ingest_events(node="transport-1", events=[(1, received.to_json()), (2, sent.to_json())])
    assert Message.objects.get().status == MessageStatus.DELIVERED


def test_ingest__fifty_recipients_of_two_domains__are_found_by_each_with_an_entry_for_each_domain():
    traffic = Traffic()
    tell(traffic, *PLAIN["many"])
    tell(traffic, *ODD["one of two"])
    traffic.ingest()
    assert sorted(MessageRecipient.objects.exclude(domain="").values_list("domain", "message")) == [
        ("fabrikam.example", Message.objects.earliest("pk").pk),
        ("fabrikam.example", Message.objects.latest("pk").pk),
        ("partner.example", Message.objects.earliest("pk").pk),
    ]
    for domain, count in (("fabrikam.example", 2), ("partner.example", 1)):
        assert len(search_messages(MessageQuery(recipient=f"@{domain}")).messages) == count


def rows_of(node):
    """What the tables hold of a node, without keys."""
    message = Message.objects.filter(node__name=node)
    recipients = MessageRecipient.objects.filter(message__in=message).order_by("pk")
    counters = MinuteCounter.objects.filter(node__name=node).order_by("minute")
    keys = {"id", "node_id", "message_id"}
    uses = ObjectUse.objects.filter(node__name=node).order_by("section", "object_id")
    rows = [*message.values(), *recipients.values(), *counters.values(), *uses.values()]
    return [{name: value for name, value in row.items() if name not in keys} for row in rows]
