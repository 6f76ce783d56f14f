"""What is written of each message is put together from pieces: the same octets as when it is encoded as a whole."""

import json

from hypothesis import given
from hypothesis import strategies as st

from transport.model import compact_json
from transport.model.address import Address
from transport.model.compact_json import Constant
from transport.model.envelope import BodyType, Message, Recipient
from transport.model.event import EventId, ReceiveEvent, SendEvent, TrackingEvent
from transport.model.next_hop import DeliveryType, NextHop
from transport.model.outcome import RecipientStatus
from transport.model.priority import Priority
from transport.model.ruled import Ruled
from transport.rules.routing import Considered, Route
from transport.spool import rows

words = st.one_of(st.text(max_size=8), st.sampled_from(["", "a", 'q"\\', "\x7f", "ü\n", "\ud800", "<1@x>"]))
addresses = st.builds(Address, words, words)
hops = st.sampled_from([None, NextHop(DeliveryType.DNS_CONNECTOR, 'd"', "c"), NextHop(DeliveryType.UNREACHABLE)])
times = st.floats(0, 2e9, allow_nan=False).map(lambda value: round(value, 6))


@st.composite
def recipients(draw):
    address = draw(addresses)
    one = Recipient(draw(st.integers(0, 9)), address, draw(st.sampled_from([address, Address("o", "p")])))
    one.next_hop, one.notify = draw(hops), draw(st.sampled_from([frozenset(), frozenset(["NEVER"])]))
    one.orcpt, one.last_reason = draw(st.sampled_from(["", "rfc822;x"])), draw(st.sampled_from(["", "why"]))
    one.is_resolved = draw(st.booleans())
    one.status, one.attempts = draw(st.sampled_from(list(RecipientStatus)[:2])), draw(st.integers(0, 1))
    return one


messages = st.builds(
    Message, st.just(1), addresses, st.lists(recipients(), min_size=1, max_size=4), st.integers(0, 9), times, times,
    words, words, words, words, words, st.integers(0, 2), st.sampled_from(list(BodyType)), st.booleans(),
    ret=st.sampled_from(["", "HDRS"]), internet_message_id=words, subject=words, is_dsn=st.booleans(),
    policy_ids=st.sampled_from([(), ("a", 'b"')]), priority=st.sampled_from(list(Priority)),
    ruled=st.sampled_from([None, Ruled("out", is_tls_required=True)]),
)  # fmt: skip


@given(messages)
def test_encode_message__any__is_what_encoding_all_of_it_gives(message):
    assert json.loads(rows.encode_message(message)) == json.loads(rows.encode_any(message))
    plain = message.received_at >= 1 and message.expires_at >= 1  # exponents may be written in two ways
    assert not plain or rows.encode_message(message) == rows.encode_any(message)


@given(messages, st.lists(words, min_size=1, max_size=3), st.booleans(), st.booleans())
def test_receive_event__any__is_told_as_any_other_event(message, told, is_routed, has_more):
    route = Route(NextHop(DeliveryType.DNS_CONNECTOR, told[0], "c"), (Considered("c", told[-1], ""),))
    session = {"helo": message.helo, "identity": message.identity}
    routes = [{"next_hop": route.hop_text, "considered": route.rows, "recipients": told}]
    detail = {**session, "recipients": told, "internet_message_id": message.internet_message_id,
              "subject": message.subject, "trail": Constant([["k", told[0], "n", "yes", "because"]]),
              **({"routes": routes} if is_routed else {}), **({"more": 1} if has_more else {})}  # fmt: skip
    event = ReceiveEvent(
        EventId.RECEIVE, message.received_at + 1, message.id, message.session_id, told[0], "", message.peer,
        message.connector_id, "", "", message.size_bytes, message.revision, detail,
        compact_json.encode(session).decode()[1:-1], len(session),
    )  # fmt: skip
    assert event.to_json() == TrackingEvent.to_json(event)


@given(messages, words, words, st.floats(0, 5e9), st.booleans())
def test_send_event__any__is_told_as_any_other_event(message, reply, recipient, at, is_known):
    detail = {"next_hop": reply, "attempt": 1}
    told = compact_json.encode(detail).decode() if is_known else ""
    event = SendEvent(
        EventId.SEND, at, message.id, "", "", recipient, "", "", reply, "", 0, 0, detail, told
    )  # fmt: skip
    assert json.loads(event.to_json()) == json.loads(TrackingEvent.to_json(event))
    assert at < 1 or event.to_json() == TrackingEvent.to_json(event)  # exponents may be written in two ways


def test_constant__is_encoded_once_as_a_list():
    constant = Constant([["a", "b"]])
    assert constant.json == '[["a","b"]]' and constant.json is constant.json
