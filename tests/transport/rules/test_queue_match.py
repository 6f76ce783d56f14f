"""Which queued messages a filter means; what it refuses to be."""

import pytest

from transport.model.address import NULL, parse_mailbox
from transport.model.envelope import Message, Recipient
from transport.model.hold import Hold
from transport.model.next_hop import UNREACHABLE, DeliveryType, NextHop
from transport.model.queue_filter import BadFilter, QueueFilter
from transport.rules.queue_match import QueueMatch

NOW = 1_800_000_000.0
HOP = NextHop(DeliveryType.DNS_CONNECTOR, "partner.example", "out")


def message(sender="Ann@acme.example"):
    recipients = [
        Recipient(0, parse_mailbox("bo@partner.example"), parse_mailbox("bo@alias.example"), last_reply="451 Busy"),
        Recipient(1, parse_mailbox("cy@eu.partner.example"), parse_mailbox("cy@eu.partner.example")),
    ]
    recipients[1].hold = Hold("olga", rule_id="r1")
    return Message(
        id=7, envelope_sender=parse_mailbox(sender) if sender else NULL, recipients=recipients, size_bytes=5000,
        received_at=NOW - 600, expires_at=NOW + 600, session_id="", peer="", helo="", identity="", connector_id="in",
        revision=1, policy_ids=("scanners",),
    )  # fmt: skip


def meant(wanted: QueueFilter, of: Message | None = None) -> list[int]:
    of = of or message()
    match = QueueMatch(wanted, NOW)
    is_meant = match.arrival(of.id, of.received_at) and match.message(of)
    return [one.index for one in match.recipients(of.recipients)] if is_meant else []


@pytest.mark.parametrize(
    ("criteria", "indexes"),
    [
        ({}, [0, 1]),
        ({"sender": "ann@ACME.example"}, [0, 1]),
        ({"sender": "acme.example"}, [0, 1]),
        ({"sender": "@acme.example"}, [0, 1]),
        ({"sender": "<>"}, []),
        ({"recipient": "bo@partner.example"}, [0]),
        ({"recipient": "bo@alias.example"}, [0]),
        ({"domain": "partner.example"}, [0]),
        ({"domain": "*.partner.example"}, [0, 1]),
        ({"domain": "partner.example' OR 1=1 --"}, []),
        ({"reply": "busy"}, [0]),
        ({"hold_id": "r1"}, [1]),
        ({"policy_id": "scanners"}, [0, 1]),
        ({"policy_id": "other"}, []),
        ({"receive_connector_id": "in"}, [0, 1]),
        ({"older_than_s": 599}, [0, 1]),
        ({"older_than_s": 601}, []),
        ({"younger_than_s": 601}, [0, 1]),
        ({"larger_than_bytes": 5000}, []),
        ({"smaller_than_bytes": 5001}, [0, 1]),
        ({"received_before": NOW - 601}, []),
        ({"messages": ("0000000000007",)}, [0, 1]),
        ({"messages": ("0000000000008",)}, []),
    ],
)
def test_match__every_criterion_is_asked(criteria, indexes):
    assert meant(QueueFilter(**criteria)) == indexes


def test_match__null_sender__is_named_by_angle_brackets_alone():
    assert meant(QueueFilter(sender="<>"), message(sender="")) == [0, 1]
    assert meant(QueueFilter(sender="acme.example"), message(sender="")) == []


def test_match__queue_and_connector__choose_queues():
    assert QueueMatch(QueueFilter(queue=str(HOP)), NOW).hop(HOP)
    assert not QueueMatch(QueueFilter(queue=str(HOP)), NOW).hop(UNREACHABLE)
    assert not QueueMatch(QueueFilter(connector_id="other"), NOW).hop(HOP)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"state": "Melted"}, "no state 'Melted'"),
        ({"older_than_s": -1}, "'older_than_s' is a number"),
        ({"larger_than_bytes": "1; DROP TABLE message"}, "'larger_than_bytes' is a number"),
        ({"sender": "x" * 501}, "at most 500"),
        ({"sender": ["x"]}, "'sender' is a text"),
        ({"messages": ["nonsense"]}, "no queue id"),
        ({"messages": "0000000000007"}, "list of queue ids"),
        ({"where": "1=1"}, "no criterion 'where'"),
    ],
)
def test_filter__what_cannot_be_read__is_refused(row, words):
    with pytest.raises(BadFilter, match=words):
        QueueFilter.of_row(row)


def test_filter__row_and_back__is_the_same():
    wanted = QueueFilter(sender="a@b.example", messages=("0000000000007",), older_than_s=60)
    assert QueueFilter.of_row(wanted.row()) == wanted
    assert wanted.sentence == "from a@b.example, older than 60 s, 0000000000007"
