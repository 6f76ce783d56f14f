"""The pages of changes: lists, the change with its plan, the buttons, revisions; and forged or mistaken requests."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Revision
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.revisions import head_revision
from mailconsole.changes.states import ChangeState
from mailconsole.nodes.models import Activation, Node
from tests.mailconsole.changes.kit import NOW, create_change, publish_policy, reloaded, stage_policy
from tests.support.factories import (
    create_administrator,
    create_editor,
    create_person,
    create_reviewer,
    create_viewer,
    signed_in,
)

pytestmark = pytest.mark.django_db
ACTS = ["submit", "approve", "request-changes", "publish", "publish-alone", "break-glass", "review-afterwards",
        "withdraw", "take-back", "comment", "describe", "discard-item", "bring-up-to-date"]  # fmt: skip


def url(name, change):
    return reverse(f"changes:{name}", args=[change.pk])


def said(browser, name, change, **data):
    """Post, follow, and give the page's text."""
    return browser.post(url(name, change), data, follow=True).content.decode()


@pytest.mark.parametrize("state", list(ChangeState))
def test_detail__any_state__tells_what_the_change_does(state):
    page = signed_in(create_viewer()).get(url("detail", create_change(state))).content.decode()
    assert "Relay policy <em>Scanners</em> is new: admits 10.1.0.0/16" in page


def test_detail__hostile_name__is_escaped():
    change = create_change(name="<script>alert(1)</script>")
    page = signed_in(create_viewer()).get(url("detail", change)).content.decode()
    assert "<script>alert" not in page


def test_story__drafted_submitted_approved_and_published_by_two_people():
    author, reviewer = create_editor(), create_reviewer()
    change = create_change(author=author)
    editor, other = signed_in(author), signed_in(reviewer)
    assert "Submit for review" in editor.get(url("detail", change)).content.decode()
    assert "It waits for a reviewer now." in said(editor, "submit", change)
    page = editor.get(url("detail", change)).content.decode()
    assert "nobody approves their own change" in page
    assert reverse("changes:approve", args=[change.pk]) not in page
    listed = other.get(reverse("changes:list-of", args=["review"])).content.decode()
    assert "Add relay policy Scanners" in listed
    assert said(other, "comment", change, text="Looks right").count("Looks right") >= 1
    assert "Approved." in said(other, "approve", change, digest=digest_of(change))
    assert "Published as revision 2" in said(other, "publish", change, digest=digest_of(change))
    assert reloaded(change).status is ChangeState.PUBLISHED
    assert head_revision().number == 2


@pytest.mark.parametrize("roles", [(Role.EDITOR, Role.REVIEWER), (Role.ADMINISTRATOR,)])
def test_approve__own_change_by_forged_post__is_refused(roles):
    author = create_person(*roles)
    create_reviewer()
    change = create_change(ChangeState.IN_REVIEW, author=author)
    page = said(signed_in(author), "approve", change, digest=digest_of(change))
    assert "is your own change" in page
    assert reloaded(change).status is ChangeState.IN_REVIEW


def test_approve__stale_digest__is_refused():
    change = create_change(ChangeState.IN_REVIEW)
    page = said(signed_in(create_reviewer()), "approve", change, digest="0" * 64)
    assert "was edited after you opened it" in page
    assert reloaded(change).status is ChangeState.IN_REVIEW


@pytest.mark.parametrize("act", ACTS)
def test_act__without_csrf_token__is_refused(act):
    change = create_change(ChangeState.IN_REVIEW)
    browser = signed_in(create_administrator())
    browser.handler.enforce_csrf_checks = True
    assert browser.post(url(act, change), {"digest": digest_of(change), "reason": "x"}).status_code == 403
    assert reloaded(change).status is ChangeState.IN_REVIEW


@pytest.mark.parametrize("act", ACTS)
def test_act__by_get__is_refused(act):
    change = create_change(ChangeState.IN_REVIEW)
    assert signed_in(create_administrator()).get(url(act, change)).status_code == 405


@pytest.mark.parametrize("act", ACTS)
def test_act__by_a_viewer__changes_nothing(act):
    change = create_change(ChangeState.IN_REVIEW)
    before = (change.state, change.updated_at, digest_of(change))
    signed_in(create_viewer()).post(url(act, change), {"digest": digest_of(change), "reason": "x", "text": "x"})
    change = reloaded(change)
    assert (change.state, change.updated_at, digest_of(change)) == before
    assert not change.comments.exists()


def test_act__signed_out__goes_to_sign_in(client):
    assert "/account/" in client.post(url("approve", create_change(ChangeState.IN_REVIEW))).url


def test_detail__broken_rule__shows_the_problem_with_its_place():
    author = create_editor()
    change = create_change(author=author, networks=["0.0.0.0/0"])
    page = signed_in(author).get(url("detail", change)).content.decode()
    assert "would be an open relay" in page
    assert reverse("mailflow:relay-policy-edit", args=["scanners"]) in page


def test_detail__relay_opened_on_purpose__is_loud_for_the_reviewer():
    loud = "This change opens a relay on purpose."
    change = create_change(ChangeState.IN_REVIEW, networks=["0.0.0.0/0"], is_broad_override=True)
    page = signed_in(create_reviewer()).get(url("detail", change)).content.decode()
    assert loud in page and "lets 0.0.0.0/0 relay to anyone without signing in" in page
    assert loud not in signed_in(create_reviewer()).get(url("detail", create_change())).content.decode()


def test_submit__relay_for_strangers_by_many_small_networks__is_refused():
    """Narrow one by one, and yet a stranger gets through: the rules are asked."""
    change = create_change(networks=["8.8.8.0/24"])
    page = said(signed_in(change.author), "submit", change)
    assert reloaded(change).state == ChangeState.DRAFT
    assert "A stranger at 8.8.8.8 may relay anywhere, without signing in: Scanners lets them." in page


def test_detail__conflict__shows_both_sides_and_can_be_settled():
    publish_policy()
    author = create_editor()
    change = open_change(author=author, now=NOW)
    stage_policy(change, author, "scanners", owner="IT")
    publish_policy("scanners", owner="Print room")
    browser = signed_in(author)
    page = browser.get(url("detail", change)).content.decode()
    assert "Conflicts with what was published meanwhile" in page
    assert "Print room" in page
    assert "\N{REPLACEMENT CHARACTER}" not in page
    main = page[page.index("<main") :]
    assert main.index('id="conflicts"') < main.index("What would change") < main.index("Submit for review")
    assert main.index('id="conflicts"') < main.index("mc-note")
    assert "Meanwhile owner of Scanners was changed by another revision" in main
    assert 'disabled aria-describedby="blocked"' in main[: main.index("Submit for review")][-200:]
    assert "Brought up to date" in said(browser, "bring-up-to-date", change, prefer="draft")
    page = browser.get(url("detail", change)).content.decode()
    assert "Conflicts with" not in page
    assert 'id="blocked"' not in page and "Submit for review" in page


def test_break_glass__administrator__is_loud_on_the_page():
    author = create_administrator()
    create_reviewer()
    change = create_change(author=author)
    stale = said(signed_in(author), "break-glass", change, reason="Mail is down", digest="0" * 64)
    assert "was edited after you opened it" in stale and head_revision().number == 1
    page = said(signed_in(author), "break-glass", change, reason="Mail is down", digest=digest_of(change))
    assert "<strong>Published without a review.</strong> A review is owed, by somebody who neither wrote nor" in page
    assert "<dt>Why</dt><dd>Mail is down</dd>" in page
    assert "Review owed" in signed_in(create_viewer()).get(reverse("changes:list-of", args=["all"])).content.decode()


def test_page__taken_back_after_it_was_submitted__says_nothing_of_that():
    change = create_change(ChangeState.IN_REVIEW)
    browser = signed_in(change.author)
    assert ", submitted" in browser.get(url("detail", change)).content.decode()
    assert ", submitted" not in said(browser, "take-back", change)


def test_draft_bar__open_draft__is_on_every_page_of_its_author_only():
    author = create_editor()
    create_change(author=author)
    assert "Your draft" in signed_in(author).get(reverse("changes:history")).content.decode()
    assert "Your draft" not in signed_in(create_editor()).get(reverse("changes:history")).content.decode()


def test_waiting_count__reviewer__counts_changes_of_others():
    create_change(ChangeState.IN_REVIEW)
    page = signed_in(create_reviewer()).get(reverse("changes:history")).content.decode()
    assert "1 change waits for you" in page
    assert "changes wait for you" not in signed_in(create_editor()).get(reverse("changes:history")).content.decode()


def test_history_and_revision__tell_who_and_what_and_restore_makes_a_draft():
    publish_policy()
    editor = create_editor()
    browser = signed_in(editor)
    assert "First start" in browser.get(reverse("changes:history")).content.decode()
    page = browser.get(reverse("changes:revision", args=[2])).content.decode()
    assert "is new: admits 10.1.0.0/16" in page
    assert "is deleted" in browser.get(reverse("changes:revision", args=[1]), {"against": "2"}).content.decode()
    yaml = browser.get(reverse("changes:revision-yaml", args=[2]))
    assert b"name: Scanners" in yaml.content
    browser.post(reverse("changes:restore", args=[1]), {"reason": "Undo"})
    assert Change.objects.get(author=editor).title == "Restore revision 1"
    assert Revision.objects.count() == 2
    assert browser.get(reverse("changes:restore", args=[1])).status_code == 405


def test_published_change__nodes__are_asked_until_each_has_answered():
    node = Node.objects.create(name="transport-1", heartbeat_at=timezone.now())
    change = create_change(ChangeState.APPROVED)
    browser = signed_in(create_reviewer())
    page = said(browser, "publish", change, digest=digest_of(change))
    assert "transport-1" in page
    assert "Pending" in page
    assert 'hx-trigger="every 1s"' in page
    Activation.objects.create(revision=2, node=node, state="refused", error="port <taken>", at=timezone.now())
    page = browser.get(url("detail", change)).content.decode()
    assert "port &lt;taken&gt;" in page
    assert "every 1s" not in page


@pytest.mark.parametrize("name", ["mine", "review", "all"])
def test_list__empty__teaches_the_first_step(name):
    assert "mc-empty" in signed_in(create_editor()).get(reverse("changes:list-of", args=[name])).content.decode()


def test_list__unknown_or_missing__is_not_found():
    browser = signed_in(create_viewer())
    assert browser.get(reverse("changes:list-of", args=["nonsense"])).status_code == 404
    assert browser.get(reverse("changes:detail", args=[99])).status_code == 404
    assert browser.get(reverse("changes:revision", args=[99])).status_code == 404


def test_save_words__by_the_author__is_saved_and_others_are_told_why_not():
    author = create_editor()
    change = create_change(author=author)
    words = {"title": "Scanners move", "reason": "New floor", "ticket": "OPS-1"}
    assert "Saved" in signed_in(author).post(url("save-words", change), words).content.decode()
    assert (reloaded(change).title, reloaded(change).ticket) == ("Scanners move", "OPS-1")
    signed_in(author).post(url("save-words", change), {"reason": "Second floor"})
    assert (reloaded(change).title, reloaded(change).reason) == ("Scanners move", "Second floor")
    refused = signed_in(create_editor()).post(url("save-words", change), words | {"title": "Mine"})
    assert (refused.status_code, reloaded(change).title) == (409, "Scanners move")
