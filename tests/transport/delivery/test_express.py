"""The express way and the careful way are one: whatever a server answers, and however it cuts its answers."""

import asyncio
import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.scripted_peer import CLOSES, NOW, YES, OneConnection, show
from transport.delivery.capabilities import Capabilities
from transport.delivery.client import Client
from transport.delivery.dialogue import Dialogue
from transport.delivery.exchange import Exchange
from transport.delivery.express import count_yes
from transport.model.address import NULL, Address
from transport.model.envelope import BodyType, Message, Recipient
from transport.model.next_hop import DeliveryType, NextHop
from transport.queues.transaction import Transaction
from transport.rules import replies
from transport.spool.sqlite_spool import SqliteSpool

HOP = NextHop(DeliveryType.SMART_HOST_CONNECTOR, "sink.example", "out")
PIPELINING = Capabilities(is_esmtp=True, has_pipelining=True, has_eight_bit_mime=True, is_size_known=True)
ODD = [
    b"250 ok\r\n", b"250  2.0.0 ok  \r\n", b"250-2.0.0 more\r\n250 2.0.0 ok\r\n", b"251 2.1.5 will forward\r\n",
    b"250 2.0.0 bare\n", b"354 what?\r\n", b"452 4.5.3 too many\r\n", b"450 4.2.0 later\r\n", b"550 5.1.1 unknown\r\n",
    b"421 4.3.2 going down\r\n", b"nonsense\r\n", "250 2.0.0 grüße\r\n".encode(),
]  # fmt: skip
ANSWERS = [*[YES] * 8, CLOSES, *ODD]


class Careful(Client):
    """A client that never goes the express way."""

    def _begin(self, transaction: Transaction) -> bool:
        return Dialogue._begin(self, transaction)

    def _await_dot(self, exchange: Exchange) -> None:
        Dialogue._await_dot(self, exchange)


@pytest.fixture(scope="module")
def spool(tmp_path_factory):
    return SqliteSpool(tmp_path_factory.mktemp("spool"), node="transport-1", clock=lambda: NOW)


@st.composite
def messages(draw):
    number = draw(st.integers(1, 3))
    notify = draw(st.sampled_from([frozenset(), frozenset(), frozenset({"SUCCESS"}), frozenset({"NEVER"})]))
    body = draw(st.sampled_from([b"S: x\r\n\r\nhello\r\n", b".dots\r\n..\r\n", "S: ü\r\n".encode(), b"bare\nno end"]))
    addresses = [Address(draw(st.sampled_from(["b", "c d", "ü"])), "b.example") for _ in range(number)]
    return Message(
        id=0,
        envelope_sender=draw(st.sampled_from([Address("a", "a.example"), NULL])),
        recipients=[Recipient(i, a, a, notify=notify, next_hop=HOP) for i, a in enumerate(addresses)],
        size_bytes=len(body), received_at=NOW, expires_at=NOW + 86400, session_id="s", peer="192.0.2.9", helo="h",
        identity="", connector_id="default", revision=1, body=body,
        body_type=draw(st.sampled_from([BodyType.SEVEN_BIT, BodyType.EIGHT_BIT_MIME])),
        is_smtputf8=draw(st.sampled_from([False, False, False, True])),
    )  # fmt: skip


def plain(*recipients):
    addresses = [Address(name, "b.example") for name in recipients]
    return Message(
        id=0, envelope_sender=Address("a", "a.example"), size_bytes=6, received_at=NOW, expires_at=NOW + 86400,
        recipients=[Recipient(i, address, address, next_hop=HOP) for i, address in enumerate(addresses)],
        session_id="s", peer="192.0.2.9", helo="h", identity="", connector_id="default", revision=1, body=b"S: x\r\n",
    )  # fmt: skip


def seen(spool, kind, given, answers, cuts, **options):
    fresh = [
        replace(message, id=number, recipients=[replace(one) for one in message.recipients])
        for number, message in enumerate(given, start=1)
    ]
    connection = OneConnection(kind, options.pop("capabilities"), iter(answers), itertools.cycle(cuts), **options)
    return asyncio.run(show(spool, connection, fresh))


@settings(max_examples=300, deadline=None)
@given(
    given=st.lists(messages(), min_size=1, max_size=6),
    answers=st.lists(st.sampled_from(ANSWERS), max_size=40),
    cuts=st.lists(st.integers(0, 9), min_size=1, max_size=5),
    max_messages=st.sampled_from([1, 2, 1000]),
    note=st.sampled_from(["", "", "The policy of the domain was met."]),
    capabilities=st.sampled_from(
        [PIPELINING, PIPELINING, replace(PIPELINING, has_dsn=True), replace(PIPELINING, max_recipients=2),
         replace(PIPELINING, max_size_bytes=12), replace(PIPELINING, has_eight_bit_mime=False)]
    ),
)  # fmt: skip
def test_both_ways__the_same_octets_outcomes_events_and_rows(
    spool, given, answers, cuts, max_messages, capabilities, note
):
    options = {"max_messages": max_messages, "capabilities": capabilities, "note": note}
    answers = [*answers, *[YES] * 200]
    assert seen(spool, Client, given, answers, cuts, **options) == seen(spool, Careful, given, answers, cuts, **options)


@pytest.mark.parametrize("answer", [*ODD, CLOSES])
@pytest.mark.parametrize("cut", [0, 1, 2, 9])
def test_both_ways__an_odd_answer_at_each_place(spool, answer, cut):
    given = [plain("b"), plain("b", "c"), plain("b")]
    for place in range(12):
        answers = [*[YES] * place, answer, *[YES] * 50]
        express = seen(spool, Client, given, answers, [cut], capabilities=PIPELINING)
        assert express == seen(spool, Careful, given, answers, [cut], capabilities=PIPELINING)


def test_express__the_careful_way_sees_nothing_of_what_is_plain(spool, monkeypatch):
    monkeypatch.setattr(Dialogue, "_on_dot", None)
    shown = seen(spool, Client, [plain("b")] * 4, [YES] * 50, [9], capabilities=PIPELINING)
    assert shown["taken"] == 4 and shown["left"] == [] and shown["memory"] == 0


def test_express__is_taken_again_after_an_odd_message(spool, monkeypatch):
    careful: list[bytes] = []
    on_dot = Dialogue._on_dot

    def noted(self, exchange, index, raw):
        careful.append(raw)
        on_dot(self, exchange, index, raw)

    monkeypatch.setattr(Dialogue, "_on_dot", noted)
    answers = [*[YES] * 5, b"251 2.1.5 will forward\r\n", *[YES] * 50]
    shown = seen(spool, Client, [plain("b")] * 6, answers, [9], capabilities=PIPELINING)
    assert shown["taken"] == 6 and len(careful) == 1  # the one whose reply came with the odd one


@given(st.one_of(st.sampled_from(ODD), st.text().map(lambda text: f"250 {text}".encode("utf-8", "replace"))))
def test_said__is_the_parsed_reply_as_text(line):
    line = line.splitlines()[-1] + b"\r" if line.splitlines() else line
    try:
        parsed = str(replies.parse(line))
    except replies.InvalidReply:
        return
    assert replies.said(line) == parsed


@pytest.mark.parametrize(
    ("data", "awaited", "is_data_last", "count"),
    [
        (b"250 a\r\n", 1, False, 1),
        (b"250 a\r\n250 b\r\n", 3, True, 2),
        (b"250 a\r\n250 b\r\n354 c\r\n", 3, True, 3),
        (b"354 c\r\n", 1, True, 1),
        (b"250 a\r\n250 b\r\n", 1, False, 0),  # more than was asked
        (b"250 a\r\n250 b\r\n250 c\r\n", 3, True, 0),  # DATA is not answered by 250
        (b"354 a\r\n250 b\r\n354 c\r\n", 3, True, 0),
        (b"250 a\r\n354 b\r\n", 3, True, 0),  # too early
        (b"354 a\r\n", 1, False, 0),
        (b"250 a\r\n250 b", 3, True, 0),
        (b"250-a\r\n250 b\r\n", 2, False, 0),
        (b"550 250 a\r\n", 1, False, 0),
    ],
)
def test_count_yes__counts_only_what_is_nothing_but_yes(data, awaited, is_data_last, count):
    assert count_yes(data, awaited, is_data_last=is_data_last) == count
