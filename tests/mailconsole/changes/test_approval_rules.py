"""Approval rules at work: what a change needs, who counts, and what no rule lets through."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from mailconsole.audit.models import AuditEntry
from mailconsole.changes import recorded
from mailconsole.changes.abilities import abilities_of
from mailconsole.changes.refusals import InvalidDocument, NotAllowed, NotApproved, NotYourChange, WrongState
from mailconsole.changes.services.approvals import approvals_of
from mailconsole.changes.services.approve_change import approve_change
from mailconsole.changes.services.break_glass import break_glass_publish
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.notices import unread
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.services.publish_change import publish_change
from mailconsole.changes.services.publish_without_approval import publish_without_approval
from mailconsole.changes.services.set_expiry import set_expiry
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.services.waiting import waiting_for
from mailconsole.changes.states import ChangeState, Way
from tests.mailconsole.changes.kit import NOW, create_change, reloaded, stage_policy
from tests.support.factories import create_administrator, create_editor, create_reviewer, signed_in
from transport.rules.admission import EntryKind, RecipientEntry

pytestmark = pytest.mark.django_db
IN_REVIEW, APPROVED = ChangeState.IN_REVIEW, ChangeState.APPROVED
TWO = {"name": "Two", "approvals": 2, "priority": 1}
SHORT = {"name": "Short blocks", "kinds": ["ip_block_list"], "expires_within": "1h", "approvals": 0}


def stage(change, author, kind, after, object_id=""):
    return stage_item(change=change, actor=author, kind=kind, object_id=object_id, after=after, now=NOW)


def approve(change, actor):
    return approve_change(change=change, actor=actor, digest=digest_of(change), now=NOW)


def publish_rules(*rules, groups=()):
    """Rules in effect, with people enough to meet them."""
    author, reviewers = create_editor(), [create_reviewer(), create_reviewer()]
    change = open_change(author=author, now=NOW)
    for group in groups:
        stage(change, author, "reviewer_groups", group)
    for rule in rules:
        stage(change, author, "approval_rules", rule)
    submit_change(change=change, actor=author, now=NOW)
    approve(change, reviewers[0])
    publish_change(change=change, actor=reviewers[0], now=NOW)
    return author, reviewers


def block_change(author, minutes=30, network="192.0.2.1"):
    change = open_change(author=author, now=NOW)
    ends = (NOW + timedelta(minutes=minutes)).isoformat()
    stage(change, author, "ip_block_list", {"network": network, "expires_at": ends})
    return reloaded(change)


def test_approve__two_needed__is_approved_by_the_second_and_one_counts_once():
    _, (one, two) = publish_rules(TWO)
    change = create_change(IN_REVIEW)
    approve(change, one)
    assert reloaded(change).status is IN_REVIEW
    assert "still needed" in AuditEntry.objects.filter(action="change.approved").latest("number").summary
    with pytest.raises(WrongState):
        approve(change, one)
    approve(change, two)
    assert reloaded(change).status is APPROVED
    with pytest.raises(WrongState):
        approve(change, create_reviewer())


def test_publish__rules_raised_after_the_approval__refuses_until_somebody_else_approves():
    change = create_change(APPROVED)
    _, (one, _two) = publish_rules(TWO)
    with pytest.raises(NotApproved) as told:
        publish_change(change=change, actor=one, now=NOW)
    assert "two approvals of any reviewer" in str(told.value)
    approve(reloaded(change), one)
    assert publish_change(change=reloaded(change), actor=one, now=NOW).way == Way.REVIEWED


def test_publish__reviewer_lost_the_role__no_longer_counts():
    _, (one, two) = publish_rules(TWO)
    change = create_change(IN_REVIEW)
    approve(change, one)
    approve(change, two)
    two.groups.clear()
    with pytest.raises(NotApproved):
        publish_change(change=reloaded(change), actor=one, now=NOW)


def test_approve__by_somebody_outside_the_group__does_not_complete_it():
    insider = create_reviewer(username="inge")
    rule = {"name": "Network", "kinds": ["relay_policies"], "reviewer_groups": ["network"]}
    publish_rules(rule, groups=[{"name": "Network", "members": ["INGE"]}])
    change = create_change(IN_REVIEW)
    approve(change, create_reviewer())
    assert reloaded(change).status is IN_REVIEW
    approve(change, insider)
    assert reloaded(change).status is APPROVED


def test_page__reviewer_outside_the_group__is_told_whose_approval_counts():
    inge, rudi = create_reviewer(username="inge"), create_reviewer()
    rule = {"name": "Network", "kinds": ["relay_policies"], "reviewer_groups": ["network"]}
    publish_rules(rule, groups=[{"name": "Network", "members": ["inge"]}])
    change = create_change(IN_REVIEW)
    page = reverse("changes:detail", args=[change.pk])
    said = "It waits for one approval of Network. You may approve it too, but that does not count for it."
    assert said in signed_in(rudi).get(page).content.decode()
    assert "It waits for you or another reviewer." in signed_in(inge).get(page).content.decode()


def test_waiting_and_told__reviewer_whose_approval_would_not_count__is_neither():
    inge, rudi = create_reviewer(username="inge"), create_reviewer()
    rule = {"name": "Network", "kinds": ["relay_policies"], "reviewer_groups": ["network"]}
    publish_rules(rule, groups=[{"name": "Network", "members": ["inge"]}])
    change, other = create_change(IN_REVIEW), open_change(author=create_editor(), now=NOW)
    stage(other, other.author, "ip_block_list", {"network": "192.0.2.1"})
    submit_change(change=reloaded(other), actor=other.author, now=NOW)
    assert set(waiting_for(inge)) == {change, other} and list(waiting_for(rudi)) == [other]
    assert [unread(one).filter(change=change).count() for one in (inge, rudi)] == [1, 0]
    approve(change, inge)
    assert change in waiting_for(rudi)  # to publish it


def test_edit__after_an_approval_of_two__voids_it():
    _, (one, two) = publish_rules(TWO)
    author = create_editor()
    change = create_change(IN_REVIEW, author=author)
    approve(change, one)
    stage_policy(change, author, "scanners", owner="IT")
    submit_change(change=reloaded(change), actor=author, now=NOW)
    approve(reloaded(change), two)
    assert reloaded(change).status is IN_REVIEW


def test_publish_without_approval__short_block__is_published_by_its_author_and_the_audit_says_why():
    author, _ = publish_rules(SHORT)
    revision = publish_without_approval(change=block_change(author), actor=author, now=NOW)
    assert revision.way == Way.NO_APPROVAL_NEEDED
    entry = AuditEntry.objects.get(action="change.published_without_approval")
    assert "rule Short blocks" in entry.reason


def test_publish_without_approval__somebody_is_needed__refuses():
    author, _ = publish_rules(SHORT)
    for change in (block_change(author, minutes=61), block_change(author, network="10.0.0.0/8")):
        with pytest.raises(NotApproved):
            publish_without_approval(change=change, actor=author, now=NOW)
    mixed = block_change(author)
    stage_policy(mixed, author)
    with pytest.raises(NotApproved):
        publish_without_approval(change=mixed, actor=author, now=NOW)


def test_publish_without_approval__others_change_or_no_editor__refuses():
    author, (reviewer, _) = publish_rules(SHORT)
    change = block_change(author)
    with pytest.raises(NotYourChange):
        publish_without_approval(change=change, actor=create_editor(), now=NOW)
    with pytest.raises(NotAllowed):
        publish_without_approval(change=change, actor=reviewer, now=NOW)


def test_submit__rules_that_nobody_could_meet__refuses_with_the_names():
    author = create_editor()
    create_reviewer(username="ann")
    change = open_change(author=author, now=NOW)
    stage(change, author, "approval_rules", TWO)
    with pytest.raises(InvalidDocument) as told:
        submit_change(change=change, actor=author, now=NOW)
    assert "only ann could give it" in str(told.value)


def test_publish__rules_lowered__needs_what_the_old_ones_demand():
    author, (one, two) = publish_rules(TWO)
    change = open_change(author=author, now=NOW)
    stage(change, author, "approval_rules", None, "two")
    submit_change(change=change, actor=author, now=NOW)
    approve(change, one)
    assert reloaded(change).status is IN_REVIEW
    approve(change, two)
    publish_change(change=reloaded(change), actor=one, now=NOW)


def test_break_glass__whatever_the_rules__still_works():
    publish_rules(TWO)
    change = create_change(IN_REVIEW)
    revision = break_glass_publish(change=change, actor=create_administrator(), reason="Mail is down", now=NOW)
    assert revision.way == Way.BREAK_GLASS


def test_page__what_is_needed__is_shown_with_what_is_given_and_the_button_that_fits():
    author, (one, two) = publish_rules(TWO, SHORT | {"priority": 0})
    change = create_change(IN_REVIEW)
    approve(change, one)
    url = reverse("changes:detail", args=[change.pk])
    page = signed_in(two).get(url).content.decode()
    assert "Two approvals of any reviewer" in page
    assert one.username in page
    assert reverse("changes:approve", args=[change.pk]) in page
    assert reverse("changes:approve", args=[change.pk]) not in signed_in(one).get(url).content.decode()
    free = reverse("changes:publish-freely", args=[block_change(author).pk])
    page = signed_in(author).get(free.replace("publish-freely/", "")).content.decode()
    assert free in page
    assert "Submit for review" not in page


def test_publish_freely_page__by_post_only_and_forged_is_refused():
    author, _ = publish_rules(SHORT)
    soon = block_change(author)
    soon.items.update(after=soon.items.get().after | {"expires_at": "2100-01-01T00:00:00Z"})
    url = reverse("changes:publish-freely", args=[soon.pk])
    browser = signed_in(author)
    assert browser.get(url).status_code == 405
    assert "Submit it for review" in browser.post(url, follow=True).content.decode()
    browser.handler.enforce_csrf_checks = True
    assert browser.post(url).status_code == 403


def test_publish_freely__end_that_makes_it_broad_again__needs_what_broad_needs():
    removal = {"name": "Removals", "risk": "deletion", "kinds": ["relay_policies"], "approvals": 0}
    admin = create_administrator()
    change = open_change(author=admin, now=NOW)
    stage_policy(change, admin, networks=["10.0.0.0/8"], is_broad_override=True)
    break_glass_publish(change=change, actor=admin, reason="x", now=NOW)
    author, _ = publish_rules(removal)
    change = open_change(author=author, now=NOW)
    stage(change, author, "relay_policies", None, "scanners")
    assert approvals_of(change, plan_change(change, now=NOW), now=NOW).demands.is_nobody_needed
    set_expiry(change=change, actor=author, expires_at=NOW + timedelta(days=9), now=NOW)
    with pytest.raises(NotApproved, match="broad network"):
        publish_without_approval(change=change, actor=author, now=NOW)


def test_break_glass__of_a_change_whose_approvals_no_longer_suffice__publishes_it_and_owes_a_review():
    """Rules that were raised meanwhile hold up nobody in an emergency; what could be published is no emergency."""
    change, administrator = create_change(APPROVED), create_administrator()

    def may(act):
        approvals = approvals_of(change, plan_change(change, now=NOW), now=NOW)
        return getattr(abilities_of(administrator, change, approvals), act)

    assert may("publish") and not may("break_glass")
    with pytest.raises(WrongState):
        break_glass_publish(change=change, actor=administrator, reason="Mail is down", now=NOW)
    publish_rules(TWO)
    assert may("break_glass") and not may("publish")
    break_glass_publish(change=change, actor=administrator, reason="Mail is down", now=NOW)
    assert reloaded(change).status is ChangeState.PUBLISHED and reloaded(change).is_review_owed


def _entry(address):
    """Whom the directory knows: a group of 10,000, and one of one that hides its members."""
    everybody = tuple(f"p{number}@contoso.com" for number in range(10_000))
    known = {
        "all@contoso.com": everybody,
        "vip@contoso.com": ("boss@contoso.com",),
        "team@contoso.com": ("a@b.example",),
    }
    found = known.get(address)
    return RecipientEntry(address, EntryKind.GROUP, address, members=found) if found else None


@pytest.mark.parametrize(
    ("group", "why"),
    [
        ("all@contoso.com", "for mail of all@contoso.com: 10,000 addresses"),
        ("vip@contoso.com", "vip@contoso.com: how many these are can't be told"),
        ("team@contoso.com", ""),
    ],
)
def test_publish__rule_for_a_group_of_the_directory__is_broad_by_its_size(monkeypatch, group, why):
    plugged = {"directory": lambda: _entry, "hiding": lambda keys: frozenset({"vip@contoso.com"}) & frozenset(keys)}
    monkeypatch.setattr(recorded, "_plugged", plugged)
    author, reviewers = publish_rules({"name": "Broad", "risk": "broad", "approvals": 2})
    change = open_change(author=author, now=NOW)
    stage(change, author, "accepted_domains", {"name": "C", "domain": "contoso.com", "domain_type": "Authoritative"})
    asked = [{"kind": "FromMemberOf", "values": [group]}]
    copying = [{"kind": "BlindCopyTo", "values": ["x@out.example"]}]
    stage(change, author, "mail_flow_rules", {"name": "Copy", "conditions": asked, "actions": copying})
    submit_change(change=change, actor=author, now=NOW)
    approve(change, reviewers[0])
    if not why:
        assert publish_change(change=change, actor=reviewers[0], now=NOW)
        return
    with pytest.raises((NotApproved, WrongState)):
        publish_change(change=change, actor=reviewers[0], now=NOW)
    (need,) = approvals_of(change, plan_change(change, now=NOW), now=NOW).missing
    assert why in need.reasons[0]


@pytest.mark.parametrize("fields", [{"is_enabled": False}, {"expires_at": (NOW - timedelta(days=1)).isoformat()}])
def test_publish__policy_that_is_ended_in_effect__needs_what_its_deletion_needs(fields):
    author, reviewers = publish_rules({"name": "Deletions", "risk": "deletion", "approvals": 2})
    change = open_change(author=author, now=NOW)
    stage_policy(change, author)
    submit_change(change=change, actor=author, now=NOW)
    approve(change, reviewers[0])
    publish_change(change=change, actor=reviewers[0], now=NOW)
    ending = open_change(author=author, now=NOW)
    stage_policy(ending, author, object_id="scanners", **fields)
    submit_change(change=ending, actor=author, now=NOW)
    approve(ending, reviewers[0])
    assert reloaded(ending).status is IN_REVIEW
    with pytest.raises((NotApproved, WrongState)):
        publish_change(change=reloaded(ending), actor=reviewers[0], now=NOW)
    approve(ending, reviewers[1])
    assert publish_change(change=reloaded(ending), actor=reviewers[0], now=NOW)
