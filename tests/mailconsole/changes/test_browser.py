"""Changes and mail flow in a real browser: the story of two people, and every page in every width and theme."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from mailconsole.changes.models import Change, ImpactRun
from mailconsole.changes.services.impact import run_impact
from mailconsole.changes.states import ChangeState
from mailconsole.nodes.models import Node
from mailconsole.tracking.models import Refusal
from tests.mailconsole.changes.kit import create_change, publish_policy, stage_policy
from tests.support.browser import LOOKS, assert_looks_right, new_context
from tests.support.factories import PASSWORD, create_administrator, create_editor, create_reviewer

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("MAILCONSOLE_TEST_SCREENSHOTS")


def sign_in(page, server, person):
    page.goto(f"{server.url}/account/sign-in/")
    page.get_by_label("User name").fill(person.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def shoot(page, name):
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def refuse_once():
    Refusal.objects.create(
        id=1,
        node=Node.objects.create(name="transport-1"),
        received_at=timezone.now() - timedelta(hours=2),
        stage="rcpt",
        action="refuse",
        peer="127.0.0.2",
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


def test_impact__while_it_goes_on__asks_each_second_and_no_more_once_it_is_done(browser, complaints, web_server):
    refuse_once()
    change = create_change(ChangeState.IN_REVIEW)
    context = new_context(browser, complaints)
    page = context.new_page()
    sign_in(page, web_server, create_reviewer())
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/impact/" in request.url else None)
    page.goto(f"{web_server.url}/changes/{change.pk}/")
    page.wait_for_timeout(2500)
    assert asked
    run_impact(run_id=ImpactRun.objects.get().pk)
    expect(page.locator("#impact")).to_contain_text("of the last 7 days was decided")
    page.wait_for_timeout(500)
    asked.clear()
    page.wait_for_timeout(2500)
    assert asked == []
    page.get_by_role("link", name="Last day").click()
    expect(page.locator("#impact").get_by_role("progressbar")).to_be_visible()
    run_impact(run_id=ImpactRun.objects.get(window_days=1).pk)
    expect(page.locator("#impact")).to_contain_text("of the last day was decided")
    context.close()


def test_story__editor_drafts_from_a_refusal_and_reviewer_publishes(browser, complaints, web_server):
    refuse_once()
    author, reviewer = create_editor(full_name="Eve Editor"), create_reviewer(full_name="Rita Reviewer")
    theirs = new_context(browser, complaints, width=1440, is_dark=False).new_page()
    sign_in(theirs, web_server, author)
    theirs.goto(f"{web_server.url}/messages/refusals/1/")
    theirs.get_by_role("link", name="Draft a relay policy from this").click()
    expect(theirs.get_by_role("textbox", name="Networks")).to_have_value("127.0.0.2")
    theirs.get_by_label("Owner").fill("Facilities")
    theirs.get_by_label("Purpose").fill("Scanners report by mail")
    theirs.get_by_label("Expires at").fill("2030-01-31T12:00")
    shoot(theirs, "form")
    theirs.get_by_role("button", name="Stage in draft").click()
    expect(theirs.get_by_text("Staged in your draft")).to_be_visible()
    shoot(theirs, "draft")
    theirs.get_by_role("button", name="Submit for review").click()
    expect(theirs.get_by_text("nobody approves their own change")).to_be_visible()
    expect(theirs.get_by_role("button", name="Approve")).to_have_count(0)

    other = new_context(browser, complaints, width=1440, is_dark=False).new_page()
    sign_in(other, web_server, reviewer)
    other.goto(f"{web_server.url}/changes/list/review/")
    shoot(other, "review-list")
    other.get_by_role("link", name="Let 127.0.0.2 relay").first.click()
    expect(other.locator(".mc-diff")).to_contain_text("is new: admits 127.0.0.2")
    expect(other.get_by_text("No worker can be asked: Redis does not answer.")).to_be_visible()
    shoot(other, "review-no-worker")
    run_impact(run_id=ImpactRun.objects.get(state="waiting").pk)
    expect(other.get_by_text("1 of 1 recorded attempts")).to_be_visible()
    other.get_by_role("link", name="By what decides").click()
    expect(other.locator("#impact").get_by_role("cell", name="Relay policy Let 127.0.0.2 relay")).to_be_visible()
    other.get_by_text("1 example, with what decided").click()
    shoot(other, "review")
    other.get_by_label("Comment needed only").fill("Fine by me")
    other.get_by_role("button", name="Approve").click()
    expect(other.get_by_text("Approved. It takes effect")).to_be_visible()
    other.get_by_role("button", name="Publish").click()
    expect(other.get_by_text("Published as revision 2. Each node")).to_be_visible()
    shoot(other, "published")


@pytest.mark.parametrize(("width", "is_dark"), LOOKS)
def test_pages__every_width_and_theme__are_accessible_and_do_not_scroll_sideways(
    browser, complaints, web_server, width, is_dark
):
    refuse_once()
    ada = create_administrator()
    publish_policy()
    review = create_change(ChangeState.IN_REVIEW, name="Printers, second floor", networks=["127.0.0.0/8"],
                           is_broad_override=True)  # fmt: skip
    mine = create_change(author=ada, name="Broad", networks=["0.0.0.0/0"])
    stage_policy(mine, ada, "scanners", owner="IT")
    publish_policy("scanners", owner="Print room")
    page = new_context(browser, complaints, width=width, is_dark=is_dark).new_page()
    sign_in(page, web_server, ada)
    paths = ["/changes/", "/changes/list/review/", "/changes/list/all/", "/changes/history/", "/changes/revisions/2/",
             f"/changes/{review.pk}/", f"/changes/{mine.pk}/", f"/changes/{Change.objects.earliest('pk').pk}/",
             "/mail-flow/organization/"]  # fmt: skip
    for section in ("receive-connectors", "send-connectors", "relay-policies", "accepted-domains", "ip-block-list"):
        paths += [f"/mail-flow/{section}/", f"/mail-flow/{section}/new/"]
    paths.append("/mail-flow/relay-policies/show/scanners/")
    for path in paths:
        page.goto(web_server.url + path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        shoot(page, f"{width}-{'dark' if is_dark else 'light'}{path.replace('/', '_')}")
        assert_looks_right(page)
