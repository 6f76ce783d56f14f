"""Keeping a form in a real browser: typed, left, there again; staged, gone; nobody else's; said when it fails."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from mailconsole.changes.models import KeptForm
from tests.mailconsole.mailflow.test_browser import shoot, sign_in
from tests.support.browser import LOOKS, assert_looks_right, new_context
from tests.support.factories import create_editor

pytestmark = pytest.mark.django_db(transaction=True)
CREATE = reverse("mailflow:mail-flow-rule-create")
OPENED = "This form opened with what you typed"


def opened_by(person, browser, complaints, web_server, path=CREATE, **look):
    page = new_context(browser, complaints, **look).new_page()
    sign_in(page, web_server, person)
    page.goto(web_server.url + path)
    return page


def test_story__typed_and_left__is_there_in_another_browser_and_nobody_elses(browser, complaints, web_server):
    anna = create_editor()
    page = opened_by(anna, browser, complaints, web_server)
    name = page.get_by_role("textbox", name="Name")
    button = page.get_by_role("button", name="Stage in draft").last
    before = button.bounding_box()
    name.press_sequentially("No programs")
    expect(page.locator("[data-is-kept]")).to_be_visible()
    assert button.bounding_box() == before
    page.locator("#pieces-conditions select").last.select_option("SubjectContainsWords")
    with page.expect_response(lambda answer: "/kept/" in answer.url):
        page.locator("#pieces-conditions").get_by_role("button", name="Add").click()
    name.fill("No programs at all")
    page.reload()  # sooner than a second after the last keystroke
    second = opened_by(anna, browser, complaints, web_server)
    expect(second.get_by_text(OPENED)).to_be_visible()
    expect(second.get_by_role("textbox", name="Name")).to_have_value("No programs at all")
    expect(second.locator("#pieces-conditions .mc-piece")).to_have_count(1)
    other = opened_by(create_editor(), browser, complaints, web_server)
    expect(other.get_by_role("textbox", name="Name")).to_have_value("")
    expect(other.get_by_text(OPENED)).to_have_count(0)
    second.get_by_role("button", name="Discard what was kept").click()
    expect(second.get_by_role("textbox", name="Name")).to_have_value("")
    assert not KeptForm.objects.exists()


def test_stage__right_after_typing__leaves_nothing_kept(browser, complaints, web_server):
    path = reverse("mailflow:distribution-group-create")
    page = opened_by(create_editor(), browser, complaints, web_server, path)
    page.get_by_role("textbox", name="Name").fill("Staff")
    page.get_by_role("textbox", name="Address", exact=True).fill("staff@contoso.com")
    page.get_by_role("textbox", name="Members").fill("anna@contoso.com")
    expect(page.locator("[data-is-kept]")).to_be_visible()
    page.get_by_role("textbox", name="Members").fill("x@out.example")
    page.get_by_role("button", name="Stage in draft").click()
    expect(page.get_by_text("Staged in your draft")).to_be_visible()
    page.goto(web_server.url + path)
    expect(page.get_by_text(OPENED)).to_have_count(0)
    assert not KeptForm.objects.exists()


def test_keep__console_away__says_so_and_the_browser_warns(browser, complaints, web_server):
    for part in ("net::ERR_FAILED", "htmx:afterRequest", "htmx:sendError"):
        complaints.expect(part)
    page = opened_by(create_editor(), browser, complaints, web_server)
    warned = []
    page.on("dialog", lambda dialog: warned.append(dialog.type))
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("textbox", name="Name").fill("Kept well")
    expect(page.locator("[data-is-kept]")).to_be_visible()
    page.reload()
    assert warned == []
    page.route("**/kept/**", lambda route: route.abort())
    page.get_by_role("textbox", name="Name").fill("Lost")
    expect(page.get_by_text("Not kept: the console does not answer.")).to_be_visible()
    expect(page.locator("#messages .mc-message")).to_have_count(0)
    shoot(page, "not-kept")
    page.reload()
    assert warned == ["beforeunload"]


def test_keep__signed_out_meanwhile__says_so_and_loses_nothing(browser, complaints, web_server):
    page = opened_by(create_editor(), browser, complaints, web_server)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("textbox", name="Name").fill("Still here")
    expect(page.get_by_text("Not kept: you are signed out.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Still here")


@pytest.mark.parametrize(("width", "is_dark"), LOOKS)
def test_form_with_what_was_kept__is_accessible_and_fits(browser, complaints, web_server, width, is_dark):
    path = reverse("mailflow:send-connector-create")
    page = opened_by(create_editor(), browser, complaints, web_server, path, width=width, is_dark=is_dark)
    page.locator("#id_name").fill("Out")
    sent = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    page.locator("#id_password").fill("hunter2 hunter2")
    expect(page.locator("[data-is-kept]")).to_be_visible()
    page.reload()
    expect(page.get_by_text(OPENED)).to_be_visible()
    assert sent and not any("hunter2" in one for one in sent)
    page.locator("#id_name").fill("Outward")
    expect(page.locator("[data-is-kept]")).to_be_visible()
    assert_looks_right(page)
    shoot(page, f"kept-{width}-{'dark' if is_dark else 'light'}")
