"""What takes an object's effect away as its deletion would, and that nothing else rides along."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.transport.config.documents import NOW
from tests.transport.rules.test_approval import asked
from tests.transport.rules.test_broadness import BCC, LIST, full
from transport.config.diff import ObjectChange, as_json
from transport.config.objects import IpListEntry
from transport.rules.ending import ending, only_ends

PAST, SOON, LATER = ((NOW + timedelta(days=days)).isoformat() for days in (-1, 1, 9))
OUT = {"address_spaces": [{"domain": "partner.example"}]}
BLOCK = {"network": "192.0.2.1"}


def ended(kind, before, after):
    def made(said):
        return as_json(IpListEntry(**BLOCK | said)) if kind == "ip_block_list" else full(kind, said)

    return ObjectChange(kind, "one", *(None if one is None else made(one) for one in (before, after)))


@pytest.mark.parametrize(
    ("kind", "before", "after", "sentence"),
    [
        ("relay_policies", {}, None, "is deleted"),
        ("relay_policies", {"is_enabled": False}, None, "is deleted"),
        ("relay_policies", {}, {"is_enabled": False}, "is switched off"),
        ("send_connectors", OUT, OUT | {"is_enabled": False}, "is switched off"),
        ("receive_connectors", {}, {"is_enabled": False}, "is switched off"),
        ("mail_flow_rules", BCC, BCC | {"is_enabled": False}, "is switched off"),
        ("mail_flow_rules", BCC, BCC | {"mode": "Audit"}, "becomes a test"),
        ("mail_flow_rules", BCC, BCC | {"activation_at": LATER}, "begins later"),
        ("ip_block_list_providers", LIST, LIST | {"is_only_told": True}, "becomes a test"),
        ("ip_block_list", {}, {"expires_at": PAST}, "ends at once"),
        ("ip_block_list", {}, {"expires_at": SOON}, "ends earlier"),
        ("ip_block_list", {"expires_at": LATER}, {"expires_at": SOON}, "ends earlier"),
        ("relay_policies", {"expires_at": LATER}, {"expires_at": PAST, "comment": "x"}, "ends at once"),
        ("ip_block_list", {"expires_at": SOON}, {"expires_at": LATER}, ""),
        ("ip_block_list", {"expires_at": SOON}, {}, ""),
        ("ip_block_list", {"expires_at": SOON}, {"expires_at": SOON, "comment": "x"}, ""),
        ("ip_block_list", {"expires_at": PAST}, {"expires_at": "2020-01-01T00:00:00+00:00"}, ""),
        ("relay_policies", {"is_enabled": False}, {"is_enabled": False, "expires_at": PAST}, ""),
        ("relay_policies", {"is_enabled": False}, {}, ""),
        ("relay_policies", None, {"is_enabled": False}, ""),
        ("mail_flow_rules", BCC | {"mode": "Audit"}, BCC, ""),
        ("mail_flow_rules", BCC | {"activation_at": LATER}, BCC, ""),
    ],
)
def test_ending__of_a_change__says_how(kind, before, after, sentence):
    assert ending(ended(kind, before, after), NOW) == sentence


@pytest.mark.parametrize(
    ("more", "is_alone"),
    [({}, True), ({"comment": "x", "owner": "IT"}, True), ({"networks": ["10.9.0.0/24"]}, False),
     ({"is_enabled": False}, True), ({"is_tls_required": True}, False)],
)  # fmt: skip
def test_only_ends__change_with_more__does_not(more, is_alone):
    assert only_ends(ended("relay_policies", {}, {"expires_at": SOON} | more), NOW) is is_alone


def test_only_ends__test_that_begins_to_act_and_ends_earlier__does_not():
    before = BCC | {"mode": "Audit", "expires_at": LATER}
    assert not only_ends(ended("mail_flow_rules", before, BCC | {"expires_at": SOON}), NOW)


DELETIONS = {"id": "deletions", "name": "Deletions", "risk": "deletion", "approvals": 2}
POLICY = full("relay_policies", {})


@pytest.mark.parametrize(
    ("after", "does"),
    [
        (None, "is deleted"),
        ({"is_enabled": False}, "is switched off"),
        ({"expires_at": PAST}, "ends at once"),
        ({"expires_at": SOON, "networks": ["10.9.0.0/24"]}, "ends earlier"),
    ],
)
def test_demands__what_is_ended_in_effect__needs_what_its_deletion_needs_and_says_so(after, does):
    before = {"approval_rules": [DELETIONS], "relay_policies": [POLICY]}
    sentences, demands = asked(before, relay_policies=[] if after is None else [POLICY | after])
    assert sentences == ["Two approvals of any reviewer"]
    assert demands.needs[0].reasons == [f"Relay policy Scanners {does} (rule Deletions)."]
    assert asked(before, relay_policies=[POLICY | {"comment": "x"}])[0] == ["One approval of any reviewer"]


def test_demands__free_deletions__free_nothing_that_rides_along():
    free = [DELETIONS | {"approvals": 0, "kinds": ["relay_policies"]}]
    before = {"approval_rules": free, "relay_policies": [POLICY]}
    assert asked(before, relay_policies=[POLICY | {"expires_at": SOON}])[0] == []
    assert asked(before, relay_policies=[POLICY | {"is_enabled": False, "comment": "old"}])[0] == []
    wider = POLICY | {"expires_at": SOON, "networks": [*POLICY["networks"], "10.9.0.0/24"]}
    assert asked(before, relay_policies=[wider])[0] == ["One approval of any reviewer"]


def test_demands__fewer_for_deletions_than_for_the_rest__the_rest_counts_where_it_is_changed_too():
    rules = [DELETIONS | {"approvals": 1, "priority": 1}, {"id": "all", "name": "All", "approvals": 2, "priority": 2}]
    before = {"approval_rules": rules, "relay_policies": [POLICY]}
    assert asked(before, relay_policies=[POLICY | {"expires_at": SOON}])[0] == ["One approval of any reviewer"]
    wider = POLICY | {"expires_at": SOON, "recipient_addresses": []}
    assert asked(before, relay_policies=[wider | {"is_tls_required": True}])[0] == ["Two approvals of any reviewer"]
