"""The guided first set-up as the administrator of a new installation walks it."""

import re

import pytest
from playwright.sync_api import expect

from mailconsole.accounts.services.first_administrator import create_first_administrator
from tests.support.browser import assert_accessible, new_context

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("width", "is_dark"), [(1280, False), (360, True)])
def test_first_set_up__from_the_first_sign_in_to_two_colleagues(browser, complaints, web_server, width, is_dark):
    admin = create_first_administrator()
    assert admin is not None
    context = new_context(browser, complaints, width=width, is_dark=is_dark)
    page = context.new_page()
    page.goto(web_server.url)
    page.get_by_label("User name").fill(admin.person.username)
    page.get_by_label("Password").fill(admin.password)
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/setup/domain/")
    assert_accessible(page)
    page.get_by_label("Accepted domain").fill("not a domain")
    page.get_by_label("Next hop").fill("127.0.0.1:2600")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("is not a domain")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Accepted domain").fill("example.com")
    page.get_by_role("button", name="Go on").click()

    page.wait_for_url("**/setup/way-out/")
    assert_accessible(page)
    expect(page.get_by_label("Smart host", exact=True)).to_be_hidden()
    page.get_by_label("Through a smart host").check()
    page.get_by_label("Smart host", exact=True).fill("127.0.0.1:2601")
    page.get_by_role("button", name="Publish").click()

    page.wait_for_url("**/setup/people/")
    for role, name in (("editor", "erin"), ("reviewer", "rudi")):
        form = page.locator("form.mc-panel").filter(has=page.get_by_role("button", name=f"Add the {role}"))
        form.get_by_label("User name").fill(name)
        form.get_by_label("Full name").fill(name.capitalize())
        form.get_by_role("button", name=f"Add the {role}").click()
        expect(page.locator("[data-once]")).to_have_text(re.compile(r"^[a-z0-9]{5}(-[a-z0-9]{5}){3}$"))
        expect(page.locator(".mc-note")).to_contain_text(name.capitalize())
        assert_accessible(page)
    page.get_by_role("link", name="Finish").click()
    expect(page.get_by_role("heading", name="Mail flows")).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
