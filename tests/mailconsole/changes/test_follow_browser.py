"""Pages of changes follow what others do, without a reload: nothing jumps, and nothing that is being typed is lost."""

from __future__ import annotations

import re
import time

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from mailconsole.changes.live import change_marks
from mailconsole.changes.models import Change, ChangeItem
from mailconsole.changes.services.approve_change import approve_change
from mailconsole.changes.services.comment_on_change import comment_on_change
from mailconsole.changes.services.describe_change import describe_change
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.notices import unread
from mailconsole.changes.services.request_changes import request_changes
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.services.take_back import take_back
from mailconsole.changes.services.take_over import take_over
from mailconsole.changes.states import ChangeState
from mailconsole.nodes.live.publish import publish_regions
from mailconsole.nodes.snapshots import Live
from tests.mailconsole.changes.kit import NOW, create_change, publish_policy, stage_policy
from tests.mailconsole.mailflow.test_browser import sign_in
from tests.support.browser import assert_looks_right, new_context
from tests.support.factories import create_editor, create_reviewer
from tests.support.live import live_redis

__all__ = ["live_redis"]
TOP = "document.getElementById('about-title').getBoundingClientRect().top"
pytestmark = pytest.mark.django_db(transaction=True)


def opened(browser, complaints, web_server, person, path) -> Page:
    page = new_context(browser, complaints).new_page()
    sign_in(page, web_server, person)
    page.goto(web_server.url + path)
    page.evaluate("window.isTheFirstLoad = true")
    return page


def until(page: Page, selector: str, words: str) -> None:
    """The live step's ticks, until the page that nobody touches says it."""
    end = time.monotonic() + 20
    while words not in page.locator(selector).first.inner_text():
        assert time.monotonic() < end, page.locator(selector).first.inner_text()
        publish_regions()
        page.wait_for_timeout(100)
    assert page.evaluate("window.isTheFirstLoad === true")


def test_page__approved_by_another__says_so_where_it_is(browser, complaints, web_server, live_redis):
    change = create_change(ChangeState.IN_REVIEW)
    page = opened(browser, complaints, web_server, change.author, f"/changes/{change.pk}/")
    page.evaluate("document.getElementById('about-title').scrollIntoView({block: 'start', behavior: 'instant'})")
    before = page.evaluate(TOP)
    rita = create_reviewer(full_name="Rita Reviewer")
    approve_change(change=change, actor=rita, digest=digest_of(change), comment="Fine by me. " * 40, now=NOW)
    until(page, "h1", "Approved")
    expect(page.locator("[data-part=thread]")).to_contain_text("Fine by me")
    expect(page.locator("[data-part=approvals]")).to_contain_text("Given")
    expect(page.locator("[data-part=state]")).to_contain_text("waits for a reviewer to publish it")
    assert abs(page.evaluate(TOP) - before) < 2


def test_page__typed_into_while_it_is_given_back__keeps_what_is_typed_and_shows_the_rest(
    browser, complaints, web_server, live_redis
):
    change, rita = create_change(ChangeState.IN_REVIEW), create_reviewer()
    ria = create_reviewer(full_name="Ria Other")
    page = opened(browser, complaints, web_server, ria, f"/changes/{change.pk}/")
    comment = page.get_by_label("Comment needed only")
    comment.press_sequentially("I wonder whether")
    request_changes(change=change, actor=rita, digest=digest_of(change), comment="Too broad", now=NOW)
    until(page, "h1", "Draft")
    expect(page.locator("[data-part=thread]")).to_contain_text("Too broad")
    expect(comment).to_have_value("I wonder whether")
    expect(comment).to_be_focused()
    expect(page.locator("[data-part=act] [data-waits]")).to_contain_text("What you are writing stays")
    comment.fill("")
    page.locator("h1").click()
    expect(page.locator("[data-part=act]")).not_to_contain_text("Approve")


def edited_and_submitted(change: Change, network: str = "10.2.0.0/16") -> None:
    """The same policy, for another network."""
    take_back(change=change, actor=change.author, now=timezone.now())
    (item,) = ChangeItem.objects.filter(change=change)
    stage_policy(change, change.author, item.object_id, networks=[network])
    submit_change(change=change, actor=change.author, now=timezone.now())


def test_approve__edited_since_the_page_was_opened__agrees_to_nothing_unseen(
    browser, complaints, web_server, live_redis
):
    change, rita = create_change(ChangeState.IN_REVIEW), create_reviewer()
    page = opened(browser, complaints, web_server, rita, f"/changes/{change.pk}/")
    page.evaluate("document.getElementById('about-title').scrollIntoView({block: 'start', behavior: 'instant'})")
    before = page.evaluate(TOP)
    edited_and_submitted(change)
    until(page, "[data-part=words]", "10.2.0.0/16")
    assert abs(page.evaluate(TOP) - before) < 2
    expect(page.locator("[data-follows] > [data-stale]")).to_contain_text("edited since you opened it")
    expect(page.locator("[data-part=act] [data-stale]")).to_contain_text("edited since you opened it")
    expect(page.locator("#said")).to_contain_text("edited since you opened it")
    assert_looks_right(page)
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#messages")).to_contain_text("was edited after you opened it")
    assert Change.objects.get(pk=change.pk).status is ChangeState.IN_REVIEW
    expect(page.locator("[data-stale]")).to_have_count(0)
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("h1")).to_contain_text("Approved")


def test_page__draft_is_edited_and_submitted__gets_no_button_to_agree_with_what_was_never_opened(
    browser, complaints, web_server, live_redis
):
    change, rita = create_change(), create_reviewer()
    page = opened(browser, complaints, web_server, rita, f"/changes/{change.pk}/")
    edited_and_submitted(change)
    until(page, "h1", "In review")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.locator("[data-stale]").get_by_role("link", name="Look at it as it is now").click()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    expect(page.locator("[data-stale]")).to_have_count(0)


def test_page__edited_and_edited_back__is_what_was_opened(browser, complaints, web_server, live_redis):
    change, rita = create_change(ChangeState.IN_REVIEW), create_reviewer()
    page = opened(browser, complaints, web_server, rita, f"/changes/{change.pk}/")
    edited_and_submitted(change)
    until(page, "[data-follows]", "edited since you opened it")
    edited_and_submitted(change, "10.1.0.0/16")
    until(page, "[data-part=words]", "10.1.0.0/16")
    expect(page.locator("[data-stale]")).to_have_count(0)
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("h1")).to_contain_text("Approved")


def test_notices__page_follows_while_nobody_is_there__stay_unread_until_somebody_is(
    browser, complaints, web_server, live_redis
):
    change, rita = create_change(), create_reviewer()
    page = opened(browser, complaints, web_server, rita, f"/changes/{change.pk}/")
    submit_change(change=change, actor=change.author, now=NOW)
    until(page, "h1", "In review")
    expect(page.locator("#bell .mc-badge")).to_have_text("1")
    assert "unread" in page.locator("#bell").inner_text()
    assert unread(rita).count() == 1
    page.mouse.move(300, 300)
    page.mouse.move(320, 320)
    expect(page.locator("#bell")).not_to_contain_text("unread")
    assert unread(rita).count() == 0


def test_lists_and_bell__another_submits_and_comments__follow(browser, complaints, web_server, live_redis):
    change, rita = create_change(), create_reviewer()
    page = opened(browser, complaints, web_server, rita, "/changes/list/review/")
    expect(page.locator("[data-part=list]")).to_contain_text("Nothing waits for you")
    submit_change(change=change, actor=change.author, now=NOW)
    until(page, "[data-part=list]", change.title)
    expect(page.locator("[data-part=tabs]")).to_contain_text("To review1")
    expect(page.locator("#bell .mc-badge")).to_have_text("1")


def test_page__another_publishes_the_same_field__shows_the_conflict(browser, complaints, web_server, live_redis):
    publish_policy()
    author = create_editor()
    mine = create_change(author=author, name="Other")
    stage_policy(mine, author, "scanners", owner="Mine")
    page = opened(browser, complaints, web_server, author, f"/changes/{mine.pk}/")
    publish_policy("scanners", owner="Theirs")
    until(page, "[data-part=conflicts]", "Conflicts with what was published meanwhile")
    expect(page.locator("[data-part=act]")).to_contain_text("The conflicts")


def test_marks__comment_or_touch__changes_that_mark_and_not_the_others():
    one, two = create_change(), create_change()
    keys = {str(one.pk), str(two.pk), "all"}
    before = {piece.key: piece.html for piece in change_marks(Live(True), NOW)}
    comment_on_change(change=one, actor=one.author, text="Look", now=NOW)
    after = {piece.key: piece.html for piece in change_marks(Live(True), NOW)}
    assert {key for key in keys if before[key] != after[key]} == {str(one.pk), "all"}
    assert Change.objects.get(pk=one.pk).updated_at == one.updated_at  # a comment makes it nobody's current draft


def test_words_of_a_change__typed__are_saved_when_the_field_or_the_page_is_left(
    browser, complaints, web_server, live_redis
):
    change = create_change()
    page = opened(browser, complaints, web_server, change.author, f"/changes/{change.pk}/")
    page.get_by_label("Title").fill("Scanners move")
    page.locator("#d-reason").focus()
    expect(page.locator("[data-saved]")).to_have_text(re.compile(r"Saved \d\d:\d\d"))
    page.locator("#d-reason").press_sequentially("New floor")
    until(page, "h1", "Scanners move")
    expect(page.locator("#d-reason")).to_have_value("New floor")
    expect(page.locator("[data-waits], [data-stale]")).to_have_count(0)
    page.close()
    end = time.monotonic() + 20
    while Change.objects.get(pk=change.pk).reason != "New floor":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert Change.objects.get(pk=change.pk).title == "Scanners move"


def test_words_of_a_change__saved_in_another_tab__come_into_this_one_and_are_not_taken_back(
    browser, complaints, web_server, live_redis
):
    change = create_change()
    page = opened(browser, complaints, web_server, change.author, f"/changes/{change.pk}/")
    words = {"title": "Scanners move", "reason": "", "ticket": "OPS-1"}
    page.get_by_label("Ticket").press_sequentially("OPS-2")
    describe_change(change=change, actor=change.author, now=timezone.now(), **words)
    until(page, "h1", "Scanners move")
    expect(page.get_by_label("Title")).to_have_value("Scanners move")
    expect(page.get_by_label("Ticket")).to_have_value("OPS-2")
    page.locator("#d-reason").focus()
    expect(page.locator("[data-saved]")).to_have_text(re.compile(r"Saved \d\d:\d\d"))
    page.keyboard.type("New floor")
    with page.expect_response("**/words/"):
        page.locator("h1").click()
    saved = Change.objects.get(pk=change.pk)
    assert (saved.title, saved.reason, saved.ticket) == ("Scanners move", "New floor", "OPS-2")


def test_words_of_a_change__taken_over_meanwhile__are_refused_in_their_place_and_stay(
    browser, complaints, web_server, live_redis
):
    complaints.expect("status of 409")
    change = create_change()
    page = opened(browser, complaints, web_server, change.author, f"/changes/{change.pk}/")
    page.get_by_label("Ticket").press_sequentially("OPS-2")
    take_over(change=change, actor=create_editor(), reason="On holiday", now=timezone.now())
    until(page, "[data-part=describe]", "What you are writing stays")
    page.locator("h1").click()
    expect(page.locator("[data-saved]")).to_contain_text("Not saved: ")
    expect(page.get_by_label("Ticket")).to_have_value("OPS-2")
    assert Change.objects.get(pk=change.pk).ticket == ""
