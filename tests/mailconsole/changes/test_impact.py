"""Impact: recorded attempts decided again under both documents; only those whose answer differs are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailconsole.changes import recorded
from mailconsole.changes.recorded import RecordedDecision
from mailconsole.changes.services.impact import SAMPLE_AGE, impact_of, replay
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.states import ChangeState
from mailconsole.nodes.models import Node
from mailconsole.tracking.models import Refusal
from tests.mailconsole.changes.kit import NOW, create_change
from tests.support.factories import create_reviewer, signed_in
from tests.transport.config.documents import SCANNERS, changed, document

REFUSED = RecordedDecision(
    at=NOW - timedelta(hours=1),
    peer="10.1.2.3",
    connector_id="default",
    sender="scan@contoso.com",
    recipient="someone@partner.example",
    binding="smtp",
    reply="550 5.7.1 Unable to relay",
)
OPEN = changed(SCANNERS, sender_addresses=[])


def impact(decisions, before, after):
    return replay(decisions, before=before, after=after, since=NOW - SAMPLE_AGE, now=NOW)


@pytest.fixture(autouse=True)
def nothing_plugged(monkeypatch):
    monkeypatch.setattr(recorded, "_plugged", {})


def test_replay__policy_that_admits__turns_the_refusal_into_an_acceptance():
    found = impact([REFUSED] * 4, document(), document(relay_policies=[OPEN]))
    (group,) = found.groups
    assert (group.client, group.sender, group.count, found.sample) == ("10.1.2.3", "contoso.com", 4, 4)
    assert (group.before, group.after) == ("refused: 550 5.7.1 Unable to relay", "accepted")
    assert len(group.examples) == 3
    assert group.examples[0].after.decided_by[-1] == "relay_policies:scanners"


def test_replay__blocked_client__turns_the_acceptance_into_a_refusal():
    accepted = RecordedDecision(NOW, "10.1.2.3", "default", "", "a@contoso.com")
    domain = {"id": "contoso", "name": "Contoso", "domain": "contoso.com"}
    before = document(accepted_domains=[domain])
    after = document(accepted_domains=[domain], ip_block_list=[{"network": "10.0.0.0/8"}])
    (group,) = impact([accepted], before, after).groups
    assert (group.before, group.is_opening, group.sender) == ("accepted", False, "<>")
    assert group.after.startswith("refused, connection closed: 554")


def test_replay__nothing_that_matters_changed__lists_nothing_but_says_the_sample():
    found = impact([REFUSED], document(), document(organization={"name": "Other"}))
    assert (found.groups, found.sample) == ((), 1)


def test_replay__attempt_that_cant_be_asked_again__is_left_out():
    hostile = [
        RecordedDecision(NOW, "not an address", "default", "", ""),
        RecordedDecision(NOW, "10.1.2.3", "default", "<<>>", "x@y"),
    ]
    assert impact(hostile, document(), document(relay_policies=[OPEN])).groups == ()


def test_replay__unknown_then__stays_unknown():
    unknown = RecordedDecision(NOW, "10.1.2.3", "default", "", "a@contoso.com", reply="550 5.1.1 User unknown")
    domain = {"id": "contoso", "name": "Contoso", "domain": "contoso.com", "domain_type": "Authoritative"}
    relaxed = domain | {"domain_type": "InternalRelay"}
    (group,) = impact([unknown], document(accepted_domains=[domain]), document(accepted_domains=[relaxed])).groups
    assert group.before == "refused: 550 5.1.1 User unknown"


def test_replay__directory__answers_where_it_can():
    recorded.register_directory(lambda: lambda address: None)
    accepted = RecordedDecision(NOW, "10.1.2.3", "default", "", "nobody@contoso.com")
    domain = {"id": "contoso", "name": "Contoso", "domain": "contoso.com"}
    strict = domain | {"domain_type": "Authoritative"}
    (group,) = impact([accepted], document(accepted_domains=[domain]), document(accepted_domains=[strict])).groups
    assert (group.before, group.after) == ("accepted", "refused: 550 5.1.1 User unknown")


def test_replay__directory_user__owns_what_the_directory_says():
    recorded.register_owners(lambda: lambda identity: ("anna@contoso.com",) if identity == "anna@corp.example" else ())
    free = {"id": "sub", "name": "Submission", "bindings": ["submission"], "sender_ownership": "none",
            "permission_groups": ["ExchangeUsers"]}  # fmt: skip
    strict = free | {"sender_ownership": "envelope"}
    sent = [
        RecordedDecision(NOW, "10.1.2.3", "sub", sender, "x@contoso.com", "submission", identity=identity)
        for identity, sender in (
            ("anna@corp.example", "anna@contoso.com"),
            ("anna@corp.example", "ben@contoso.com"),
            ("unknown@corp.example", "who@contoso.com"),
        )
    ]
    domains = [{"id": "contoso", "name": "Contoso", "domain": "contoso.com", "domain_type": "InternalRelay"}]
    before, after = (document(accepted_domains=domains, receive_connectors=[one]) for one in (free, strict))
    (group,) = impact(sent, before, after).groups
    assert (group.before, group.count) == ("accepted", 1) and group.after.startswith("refused: 550 5.7.60")
    assert group.examples[0].decision.sender == "ben@contoso.com"


@pytest.mark.django_db
def test_impact_of__nothing_records__says_so():
    assert not impact_of(plan_change(create_change(), now=NOW), now=NOW).is_known


@pytest.mark.django_db
def test_page__recorded_refusal__is_shown_turning_into_an_acceptance(monkeypatch):
    from mailconsole.tracking.services.decisions import recent_decisions

    recorded.register_decisions(recent_decisions)
    monkeypatch.setattr("mailconsole.changes.views.detail.timezone.now", lambda: NOW)
    Refusal.objects.create(
        id=1,
        node=Node.objects.create(name="transport-1"),
        received_at=NOW - timedelta(hours=2),
        stage="rcpt",
        action="refuse",
        peer="10.1.2.3",
        binding="smtp",
        connector_id="default",
        sender="scan@contoso.com",
        sender_domain="contoso.com",
        recipient="someone@partner.example",
        recipient_domain="partner.example",
        size_bytes=0,
        reply="550 5.7.1 Unable to relay",
        trail=[],
        revision=1,
    )
    change = create_change(ChangeState.IN_REVIEW)
    page = signed_in(create_reviewer()).get(f"/changes/{change.pk}/").content.decode()
    assert "1 of 1</strong> recorded attempts" in page
    assert "refused: 550 5.7.1 Unable to relay" in page
