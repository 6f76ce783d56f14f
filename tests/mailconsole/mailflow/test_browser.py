"""Recipients, groups and rewriting in a real browser: errors stand at their field, pages fit every width."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from mailconsole.changes.states import ChangeState
from tests.mailconsole.changes.kit import create_change
from tests.support.browser import assert_accessible, new_context
from tests.support.factories import PASSWORD, create_editor, create_reviewer

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


def test_story__a_group_is_mended_at_its_field_and_staged(browser, complaints, web_server):
    complaints.expect("status of 422")
    page = new_context(browser, complaints).new_page()
    sign_in(page, web_server, create_editor())
    page.goto(web_server.url + reverse("mailflow:distribution-group-create"))
    page.get_by_role("textbox", name="Name").fill("Staff")
    page.get_by_role("textbox", name="Address", exact=True).fill("staff@contoso.com")
    page.get_by_role("textbox", name="Members").fill("anna@contoso.com\nbob")
    page.get_by_role("button", name="Stage in draft").click()
    expect(page.get_by_text("'bob' is not an address")).to_be_visible()
    shoot(page, "group-error")
    page.get_by_role("textbox", name="Members").fill("anna@contoso.com\nx@out.example")
    page.get_by_role("button", name="Stage in draft").click()
    words = "sends mail for staff@contoso.com to anna@contoso.com and x@out.example"
    expect(page.get_by_role("listitem").filter(has_text=words)).to_be_visible()
    page.goto(web_server.url + reverse("mailflow:distribution-group-list"))
    expect(page.get_by_text("anna@contoso.com, x@out.example")).to_be_visible()
    shoot(page, "group-list")


@pytest.mark.parametrize(("width", "is_dark"), [(1440, False), (360, True)])
def test_pages__of_recipients_groups_and_rewriting__are_accessible(browser, complaints, web_server, width, is_dark):
    page = new_context(browser, complaints, width=width, is_dark=is_dark).new_page()
    sign_in(page, web_server, create_editor())
    names = ["own-recipient", "distribution-group", "address-rewrite-entry", "relay-policy", "remote-domain",
             "block-list-provider"]  # fmt: skip
    paths = [reverse(f"mailflow:{name}-{what}") for name in names for what in ("list", "create")]
    topics = ["forward-an-address", "make-a-distribution-group", "rewrite-addresses", "let-a-device-relay",
              "hold-back-reports", "ask-lists-in-dns", "learn-who-relays"]  # fmt: skip
    for path in [*paths, *(reverse("common:help-topic", args=[topic]) for topic in topics)]:
        page.goto(web_server.url + path)
        shoot(page, f"{width}{path.replace('/', '_')}")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_review__relay_opened_on_purpose__is_red(browser, complaints, web_server):
    change = create_change(ChangeState.IN_REVIEW, networks=["0.0.0.0/0"], is_broad_override=True)
    page = new_context(browser, complaints).new_page()
    sign_in(page, web_server, create_reviewer())
    page.goto(web_server.url + reverse("changes:detail", args=[change.pk]))
    expect(page.get_by_role("alert").get_by_text("opens a relay on purpose")).to_be_visible()
    assert_accessible(page)
    shoot(page, "opened-on-purpose")
