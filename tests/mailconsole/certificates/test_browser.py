"""Certificates and exports in a real browser: they fit every width, in light and dark, and are accessible."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.mailconsole.certificates.kit import added
from tests.support.browser import LOOKS, assert_looks_right, new_context
from tests.support.factories import PASSWORD, create_administrator

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("MAILCONSOLE_TEST_SCREENSHOTS")


def sign_in(page, server, person):
    page.goto(f"{server.url}/account/sign-in/")
    page.get_by_label("User name").fill(person.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


@pytest.mark.parametrize(("width", "is_dark"), LOOKS)
def test_pages__of_certificates__fit_and_are_accessible(browser, complaints, web_server, authority, width, is_dark):
    admin = create_administrator()
    added(authority, admin, "mail.acme.example", "smtp.acme.example", name="mail", days=20)
    page = new_context(browser, complaints, width=width, is_dark=is_dark).new_page()
    sign_in(page, web_server, admin)
    show = reverse("certificates:show", args=["mail"])
    for name in ("certificates:list", show, "certificates:add", "certificates:request", "overview:home"):
        page.goto(web_server.url + (name if name.startswith("/") else reverse(name)))
        assert_looks_right(page)
        if SHOTS:
            stem = name.strip("/").replace("/", "-").replace(":", "-")
            page.screenshot(path=Path(SHOTS) / f"{stem}-{width}-{'dark' if is_dark else 'light'}.png", full_page=True)
    expect(page.get_by_text("mail ends on")).to_be_visible()


def test_story__request_install_is_refused_without_its_key(browser, complaints, web_server, authority):
    complaints.expect("status of 422")
    page = new_context(browser, complaints).new_page()
    sign_in(page, web_server, create_administrator())
    page.goto(web_server.url + reverse("certificates:request"))
    page.get_by_role("textbox", name="Name", exact=True).fill("new")
    page.get_by_role("textbox", name="Host names").fill("new.acme.example")
    page.get_by_role("button", name="Make key and request").click()
    expect(page.get_by_text("A key waits here")).to_be_visible()
    page.get_by_role("link", name="Install").click()
    page.locator("#id_file").set_input_files(authority.issue("new.acme.example").chain)
    page.get_by_role("button", name="Install").click()
    expect(page.get_by_text("fits no key that the console has")).to_be_visible()
