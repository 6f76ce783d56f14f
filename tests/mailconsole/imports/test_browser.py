"""An import in a real browser: files chosen, drafted, its report read at every width."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.mailconsole.imports.kit import SAMPLES
from tests.support.browser import assert_accessible, new_context
from tests.support.factories import PASSWORD, create_editor

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("MAILCONSOLE_TEST_SCREENSHOTS")


def sign_in(page, server, person):
    page.goto(f"{server.url}/account/sign-in/")
    page.get_by_label("User name").fill(person.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def looked_at(page, name, width):
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name


@pytest.mark.parametrize(("width", "is_dark"), [(1280, False), (390, True)])
def test_story__files_are_chosen_and_the_report_is_read(browser, complaints, web_server, width, is_dark):
    page = new_context(browser, complaints, width=width, is_dark=is_dark).new_page()
    sign_in(page, web_server, create_editor())
    page.goto(web_server.url + reverse("imports:new"))
    looked_at(page, "import", width)
    files = [SAMPLES / name for name in ("receive.xml", "rights.csv", "send.json", "RECV2026112010-1.LOG")]
    page.get_by_label("Files").set_input_files(files)
    page.get_by_role("button", name="Draft it").click()
    expect(page.get_by_role("heading", name="Import from Exchange")).to_be_visible()
    expect(page.get_by_text("LongAddressesEnabled")).to_be_visible()
    looked_at(page, "import-report", width)
    page.get_by_role("link", name="The change", exact=True).click()
    expect(page.get_by_role("link", name="Report of the import from Exchange")).to_be_visible()
    looked_at(page, "import-change", width)
    page.goto(web_server.url + reverse("common:help-topic", args=["import-mail-flow"]))
    looked_at(page, "import-help", width)
