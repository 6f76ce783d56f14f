"""A person makes a service account and its password in a real browser; the pages are accessible, wide and narrow."""

import pytest
from playwright.sync_api import expect

from mailconsole.common.models import Secret
from mailconsole.common.secrets import read_secret
from tests.browser.test_frame import sign_in
from tests.support.browser import assert_accessible, new_context
from tests.support.factories import create_administrator, create_editor, create_reviewer
from transport.rules import passwords

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [1440, 360])
def test_service_account__made_by_a_person__shows_its_password_once(browser, complaints, web_server, width):
    create_administrator()
    create_reviewer()
    with new_context(browser, complaints, width=width) as context:
        page = context.new_page()
        sign_in(page, web_server, create_editor())
        page.goto(f"{web_server.url}/mail-flow/service-accounts/new/")
        assert_accessible(page)
        for field, said in (("Name", "Scanner"), ("User name", "scanner"), ("Owner", "Facilities")):
            page.get_by_label(field, exact=True).fill(said)
        page.locator("#id_addresses").fill("scan@acme.example")
        page.get_by_label("Purpose", exact=True).fill("Scan to mail")
        page.get_by_role("button", name="Stage in draft").click()
        page.goto(f"{web_server.url}/mail-flow/service-accounts/show/scanner/")
        expect(page.get_by_text("It has no password yet")).to_be_visible()
        assert_accessible(page)
        page.get_by_role("button", name="Make its password").click()
        page.get_by_role("button", name="Make a password").click()
        shown = page.locator("[data-once]").inner_text()
        assert_accessible(page)
        assert passwords.is_right(read_secret(Secret.objects.get().name), shown)
        page.get_by_role("link", name="Done").click()
        expect(page.get_by_role("button", name="Make a new password")).to_be_visible()
        assert shown not in page.content()
