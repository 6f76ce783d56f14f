"""A policy that another covers decides nothing; whatever is left in doubt counts as needed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.config.document import MailFlow
from transport.config.objects import RelayPolicy
from transport.model.address import Address
from transport.model.session import SessionFacts, TlsFacts
from transport.rules import coverage, relay
from transport.rules.coverage import Coverage, covers, idle_because
from transport.rules.ruleset import compile_ruleset

NOW = datetime(2027, 1, 4, 12, 0, tzinfo=UTC)


def policy(name="narrow", **fields):
    base = {"id": name, "name": name, "owner": "IT", "purpose": "scan", "networks": ("10.1.0.0/16",)}
    return RelayPolicy(**(base | fields))


def test_idle_because__another_grants_it_all__names_the_other():
    said = idle_because(policy(networks=("10.1.2.0/24",)), [policy("wide"), policy()], now=NOW)
    assert said == "“wide” grants all that it grants: it decides nothing by itself."


def test_idle_because__two_that_are_equal__only_one_is_idle():
    one, two = policy("a"), policy("b")
    said = [bool(idle_because(each, [one, two], now=NOW)) for each in (one, two)]
    assert said == [False, True]


def test_idle_because__expired__says_since_when():
    said = idle_because(policy(expires_at=NOW - timedelta(days=3)), [], now=NOW)
    assert said == "Expired 2027-01-01: it grants nothing any more."


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({"is_enabled": False}, {}),
        ({"networks": ("10.1.0.0/17",)}, {}),
        ({"identities": ("*",)}, {}),
        ({"networks": (), "identities": ("anna",)}, {"identities": ("bob",)}),
        ({"sender_addresses": ("contoso.com",)}, {}),
        ({"sender_addresses": ("contoso.com",)}, {"sender_addresses": ("*.contoso.com",)}),
        ({"recipient_addresses": ("a@x.example",)}, {"recipient_addresses": ("x.example",)}),
        ({"is_tls_required": True}, {}),
        ({"max_message_size": 2048}, {}),
        ({"max_messages_per_hour": 10}, {"max_messages_per_hour": 5}),
        ({"time_windows": ("Mon-Fri 07:00-19:00",)}, {}),
        ({"expires_at": NOW + timedelta(days=1)}, {}),
        ({"identities": ("anna",), "identity_match": "any"}, {}),
        ({"identities": ("*",)}, {"identities": ("anna",), "send_as_addresses": ("x.example",)}),
    ],
)
def test_covers__something_that_only_the_narrow_one_grants__is_no(wide, narrow):
    assert not covers(policy("wide", **wide), policy(**narrow), now=NOW)


def test_covers__domains_and_users_within__is_yes():
    wide = policy("wide", networks=("10.0.0.0/8",), identities=("*",), sender_addresses=("*.contoso.com", "b.example"))
    narrow = policy(identities=("Anna",), sender_addresses=("eu.contoso.com", "x@b.example", "*.hq.contoso.com"))
    assert covers(wide, narrow, now=NOW)


networks = st.lists(st.sampled_from(["10.1.0.0/16", "10.1.2.0/24", "10.0.0.0/8", "10.1.2.3-10.1.2.9"]), max_size=2)
patterns = st.lists(st.sampled_from(["*", "a.example", "*.a.example", "x@a.example", "x@b.a.example"]), max_size=2)
users = st.lists(st.sampled_from(["*", "anna", "bob"]), max_size=2)
policies = st.builds(
    lambda networks, users, senders, recipients, match, tls: {
        "networks": tuple(networks) or (() if users else ("10.1.2.3",)),
        "identities": tuple(users),
        "sender_addresses": tuple(senders),
        "recipient_addresses": tuple(recipients),
        "identity_match": match,
        "is_tls_required": tls,
    },
    networks, users, patterns, patterns, st.sampled_from(["all", "any"]), st.booleans(),
)  # fmt: skip
FIELDS = ("networks", "identities", "sender_addresses", "recipient_addresses", "identity_match", "is_tls_required")
PEERS = ("10.1.2.3", "10.1.9.9", "10.2.0.1", "192.0.2.1")
ADDRESSES = [Address(*text.split("@")) for text in ("x@a.example", "y@a.example", "x@b.a.example", "x@c.example")]
ATTEMPTS = list(product(PEERS, ("", "anna", "bob"), ADDRESSES, ADDRESSES, (False, True)))


@given(wide=policies, other=policies, changed=st.sets(st.sampled_from(FIELDS), min_size=1))
def test_covers__whatever_the_narrow_one_grants__the_wide_one_grants(wide, other, changed):
    narrow = wide | {name: value for name, value in other.items() if name in changed}
    if not (narrow["networks"] or narrow["identities"]):
        return
    if covers(policy("wide", **wide), policy(**narrow), now=NOW):
        assert granted(policy(**narrow)) <= granted(policy("wide", **wide))


def granted(one):
    ruleset = compile_ruleset(MailFlow(relay_policies=(one,)))
    return {attempt for attempt in ATTEMPTS if grants(ruleset, *attempt)}


def grants(ruleset, peer, identity, sender, recipient, is_tls):
    facts = SessionFacts("s", peer, 1, "smtp", "default", 1, 0.0)
    facts = replace(facts, identity=identity, tls=TlsFacts("TLSv1.3", "x") if is_tls else None)
    asked = relay.grant(ruleset, facts, sender, recipient, size_bytes=0, now=NOW.timestamp(), usage=None)
    return asked.policy is not None


networks = st.sampled_from(
    ("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3", "10.1.2.3-10.1.2.9", "10.1.2.4-10.1.2.6", "2001:db8::/32")
)


@given(st.lists(st.tuples(st.lists(networks, max_size=3), st.booleans()), min_size=1, max_size=6))
def test_coverage__of_many__says_what_comparing_each_with_each_says(drawn):
    policies = [
        policy(f"p{n}", networks=tuple(one), identities=() if one else ("*",), is_enabled=is_enabled)
        for n, (one, is_enabled) in enumerate(drawn)
    ]
    told = Coverage(policies, now=NOW)
    for one in policies:
        near = (other for other in policies if covers(other, one, now=NOW))
        first = next((other for other in near if not (covers(one, other, now=NOW) and one.id <= other.id)), None)
        said = told.idle_because(one)
        assert said == (f"“{first.name}” grants all that it grants: it decides nothing by itself."
                        if first is not None and one.is_enabled else "")  # fmt: skip


def test_coverage__2000_policies_of_different_networks__compares_hardly_any(monkeypatch):
    policies = [policy(f"p{n}", networks=(f"10.{n // 250}.{n % 250}.1",)) for n in range(2000)]
    told, asked = Coverage([*policies, policy("wide", networks=("10.7.0.0/16",))], now=NOW), []

    def counted(wide, narrow, *, now):
        asked.append((wide, narrow))
        return covers(wide, narrow, now=now)

    monkeypatch.setattr(coverage, "covers", counted)
    assert sum(bool(told.idle_because(one)) for one in policies) == 250
    assert len(asked) <= 2 * 2000 + 2 * 250
