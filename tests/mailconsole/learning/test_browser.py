"""What was learned, in a real browser: readable at every width, drafted by a click."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.support.browser import assert_accessible, new_context
from tests.support.factories import PASSWORD, create_editor
from tests.support.traffic import Traffic

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("MAILCONSOLE_TEST_SCREENSHOTS")


def looked_at(page, name, width):
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name


@pytest.mark.parametrize(("width", "is_dark"), [(1280, False), (390, True)])
def test_story__an_editor_learns_and_drafts(browser, complaints, web_server, width, is_dark):
    traffic = Traffic(at=(datetime.now(UTC) - timedelta(hours=1)).timestamp())
    for number in range(1, 6):
        traffic.receive("x@partner.example", sender="scan@contoso.example", peer=f"10.1.2.{number}", tls="TLSv1.3")
    traffic.refuse()
    traffic.ingest()
    page = new_context(browser, complaints, width=width, is_dark=is_dark).new_page()
    page.goto(f"{web_server.url}/account/sign-in/")
    page.get_by_label("User name").fill(create_editor(username="eve").username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    page.goto(web_server.url + reverse("mailflow:receive-connector-show", args=["default"]))
    page.get_by_role("link", name="Learned").click()
    expect(page.get_by_role("button", name="Begin to learn")).to_be_visible()  # a click does not wait for the page
    looked_at(page, "learn-begin", width)
    page.get_by_role("button", name="Begin to learn").click()
    page.get_by_label("Choose 10.1.2.1").check()
    page.get_by_role("textbox", name="Purpose").fill("Scan to mail")
    looked_at(page, "learned", width)
    page.get_by_role("button", name="Draft the chosen").click()
    expect(page.get_by_role("listitem").filter(has_text="admits 10.1.2.1")).to_be_visible()
