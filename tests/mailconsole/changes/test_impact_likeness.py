"""Grouping equal questions is only for speed: it must answer each attempt as if it were asked alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailconsole.changes import recorded
from mailconsole.changes.impact.comparison import Comparison
from mailconsole.changes.recorded import RecordedDecision
from tests.mailconsole.changes.kit import NOW
from tests.transport.config.documents import SCANNERS, changed, document
from transport.ports.recipients import EntryKind, RecipientEntry, SenderRestrictions

PEERS = ("10.1.2.3", "10.1.9.9", "10.2.0.1", "192.0.2.7", "2001:db8::1")
ADDRESSES = (
    "",
    "a@contoso.com",
    "B@contoso.com",
    "list@contoso.com",
    "x@out.example",
    "y@sub.out.example",
    "z@other.example",
)
SIZES = (0, 1000, 5000, 2_000_000, 50_000_000)
DOMAIN = {"id": "contoso", "name": "Contoso", "domain": "contoso.com", "domain_type": "Authoritative"}

POLICIES = st.fixed_dictionaries(
    {
        "networks": st.sampled_from([["10.1.0.0/16"], ["10.0.0.0/8"], ["2001:db8::/32", "192.0.2.7"]]),
        "sender_addresses": st.sampled_from([[], ["contoso.com"], ["a@contoso.com"], ["*.out.example"]]),
        "recipient_addresses": st.sampled_from([[], ["out.example"], ["x@out.example"], ["*.out.example"]]),
        "max_message_size": st.sampled_from([None, 2000]),
        "is_tls_required": st.booleans(),
        "time_windows": st.sampled_from([[], ["Mon-Fri 08:00-18:00"]]),
    }
)
CONNECTORS = st.fixed_dictionaries(
    {
        "max_message_size": st.sampled_from([4096, 36_000_000]),
        "is_ehlo_domain_required": st.booleans(),
        "sender_ownership": st.sampled_from(["none", "envelope"]),
    }
)
DOCUMENTS = st.builds(
    lambda policies, connector, blocked, hosts, own: document(
        relay_policies=[
            changed(SCANNERS, id=f"p{number}", name=f"P{number}", **fields) for number, fields in enumerate(policies)
        ],
        receive_connectors=[{"id": "default", "name": "Default", "bindings": ["smtp"], **connector}],
        ip_block_list=[{"network": one} for one in blocked],
        accepted_domains=[DOMAIN],
        recipients=own,
        send_connectors=[{"id": "internet", "name": "Internet", "address_spaces": [{"domain": one} for one in hosts]}],
    ),
    st.lists(POLICIES, max_size=3),
    CONNECTORS,
    st.lists(st.sampled_from(["10.1.9.0/24", "192.0.2.0/24"]), unique=True),
    st.lists(st.sampled_from(["*", "out.example", "*.out.example"]), min_size=1, unique=True),
    st.sampled_from(
        [
            [],
            [{"id": "b", "name": "B", "address": "b@contoso.com", "reject_messages_from": ["x@out.example"]}],
            [{"id": "a", "name": "A", "address": "a@contoso.com", "max_send_size": 4000}],
        ]
    ),
)
DECISIONS = st.builds(
    RecordedDecision,
    at=st.sampled_from([NOW, NOW.replace(hour=23), NOW.replace(hour=3)]),
    peer=st.sampled_from(PEERS),
    connector_id=st.just("default"),
    sender=st.sampled_from(ADDRESSES),
    recipient=st.sampled_from(ADDRESSES),
    binding=st.just("smtp"),
    helo=st.sampled_from(["mail.example", "no_domain!"]),
    identity=st.sampled_from(["", "anna"]),
    tls=st.sampled_from(["", "TLSv1.3"]),
    size_bytes=st.sampled_from(SIZES),
    reply=st.sampled_from(["", "550 5.1.1 User unknown"]),
)


@pytest.fixture(autouse=True)
def nothing_plugged(monkeypatch):
    monkeypatch.setattr(recorded, "_plugged", {})


def finds(address: str) -> RecipientEntry | None:
    if address.lower().startswith("list@"):
        only = SenderRestrictions(accept_from=("a@contoso.com",))
        return RecipientEntry(address, EntryKind.GROUP, address, members=("a@contoso.com",), restrictions=only)
    return RecipientEntry(address, EntryKind.MAILBOX, address) if address.lower().startswith("a@") else None


def comparison(before, after) -> Comparison:
    return Comparison(before, after, finds=finds, owns=lambda identity: (), now=NOW.timestamp())


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS, DOCUMENTS, st.lists(DECISIONS, min_size=2, max_size=40))
def test_compare__together__answers_each_as_if_it_were_asked_alone(before, after, decisions):
    together = comparison(before, after)
    for decision in decisions:
        alone = comparison(before, after).compare(decision)
        found = together.compare(decision)
        assert found.was_accepted == alone.was_accepted
        told = (found.difference, alone.difference)
        assert told[0] == told[1] or replace(told[0], decided_by="") == replace(told[1], decided_by="")  # type: ignore[type-var]


def test_compare__equal_questions__are_decided_once():
    found = comparison(document(), document(relay_policies=[changed(SCANNERS, sender_addresses=[])]))
    for number in range(500):
        one = RecordedDecision(NOW, f"10.1.2.{number % 200}", "default", f"s{number}@c.example", f"r{number}@o.example")
        assert found.compare(one).difference is not None
    assert found.distinct == 2  # let in, and relayed
