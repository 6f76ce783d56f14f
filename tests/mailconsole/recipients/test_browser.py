"""The directory's pages in a browser: search as one types, the Test button, accessible, within the policy."""

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect

from directory.model import RecipientKind
from mailconsole.recipients.models import DirectorySource
from tests.directory.entries import a_recipient, guid_of
from tests.mailconsole.recipients.directories import create_directory, read_directory
from tests.support.browser import LOOKS, assert_accessible, assert_looks_right
from tests.support.factories import create_administrator, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(browser_page: Page, live_server, monkeypatch) -> Page:
    """Signed in as administrator; a directory of three was read, two of them in conflict."""
    team = a_recipient("team", kind=RecipientKind.DISTRIBUTION_GROUP, member_guids=(guid_of("anna"),))
    twice = ("info@acme.example",)
    anna = a_recipient("anna", addresses=("anna@acme.example", *twice), notes=("It has no primary address.",))
    ben = a_recipient("ben", addresses=("ben@acme.example", *twice))
    read_directory(monkeypatch, create_directory(name="Acme", servers="127.0.0.1:1"), [team, anna, ben])
    cookie = signed_in(create_administrator()).cookies[django_settings.SESSION_COOKIE_NAME].value
    browser_page.context.add_cookies(
        [{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    browser_page.goto(f"{live_server.url}/directory/")
    return browser_page


def test_recipients__as_one_types__narrows_the_list_and_the_address_bar(page: Page):
    assert_accessible(page)
    page.locator(".mc-filters input[name=q]").press_sequentially("anna")
    expect(page.locator("#recipients tbody tr")).to_have_count(1)
    assert "q=anna" in page.url
    page.get_by_role("link", name="Anna").click()
    expect(page.get_by_role("heading", name="Anna")).to_be_visible()
    expect(page.get_by_text("Conflict", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Team")).to_be_visible()
    assert_accessible(page)


def test_sync__and_its_run__are_accessible(page: Page):
    page.get_by_role("link", name="Sync", exact=True).first.click()
    expect(page.get_by_role("heading", name="Conflicting addresses")).to_be_visible()
    assert_accessible(page)
    page.locator("a.mc-first").first.click()
    expect(page.get_by_role("heading", name="What changed")).to_be_visible()
    assert_accessible(page)


def test_source__test_button__explains_without_leaving_the_form(page: Page):
    page.goto(page.url + "sync/")
    page.get_by_role("link", name="Settings of Acme").click()
    page.get_by_label("Base DN").fill("DC=not,DC=saved")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("nothing listens there")).to_be_visible()
    expect(page.get_by_label("Base DN")).to_have_value("DC=not,DC=saved")
    assert_accessible(page)
    page.get_by_label("Domain controllers").fill("evil.example")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("never sent to another place")).to_be_visible()


PAGES = ["who/?address=info@acme.example", "who/?address=team@acme.example", "to-mend/", "sync/", "sync/sources/find/"]


@pytest.mark.parametrize(("width", "is_dark"), LOOKS)
def test_directory_pages__each_scheme_and_width__are_accessible_and_fit(page: Page, width, is_dark):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if is_dark else "light")
    base, source = page.url, DirectorySource.objects.get()
    for path in [*PAGES, f"sync/sources/{source.pk}/sign-in/", f"sync/sources/{source.pk}/"]:
        page.goto(base + path)
        assert_looks_right(page)
