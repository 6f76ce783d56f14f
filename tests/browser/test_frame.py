"""The frame of every page in a real browser: keys, theme, dismissal, dialogs, narrow and wide, in both themes."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS, assert_looks_right, new_context
from tests.support.factories import PASSWORD, create_administrator, create_editor, create_reviewer

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = (
    "/people/",
    "/people/add/",
    "/audit/",
    "/audit/1/",
    "/settings/",
    "/account/tokens/",
    "/help/",
    "/help/settings/",
)


def sign_in(page, server, person):
    page.goto(f"{server.url}/account/sign-in/")
    page.get_by_label("User name").fill(person.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


@pytest.fixture
def ada():
    create_editor()
    create_reviewer()
    return create_administrator(full_name="Ada Min")


@pytest.mark.parametrize(("width", "is_dark"), LOOKS)
def test_pages__every_width_and_theme__are_accessible_and_do_not_scroll_sideways(
    browser, complaints, web_server, ada, width, is_dark
):
    from mailconsole.audit import services

    services.record(actor=ada, action="a.b", object_kind="k", object_id="1", summary="Did it", before=1, after={"x": 2})
    context = new_context(browser, complaints, width=width, is_dark=is_dark)
    page = context.new_page()
    page.goto(f"{web_server.url}/account/sign-in/")
    assert_looks_right(page)
    sign_in(page, web_server, ada)
    for path in PAGES:
        page.goto(web_server.url + path)
        assert_looks_right(page)
    context.close()


def test_sidebar__taller_than_the_window__keeps_its_place_and_shows_where_one_is(browser, complaints, web_server, ada):
    page = new_context(browser, complaints, height=500).new_page()
    sign_in(page, web_server, ada)
    page.goto(f"{web_server.url}/settings/")
    expect(page.locator(".mc-nav .is-current")).to_be_in_viewport(ratio=1)
    place = page.evaluate("document.querySelector('.mc-nav').scrollTop")
    assert place > 0
    page.locator(".mc-nav").get_by_role("link", name="Audit").click()
    page.wait_for_url("**/audit/")
    assert page.evaluate("document.querySelector('.mc-nav').scrollTop") == place
    page.goto(f"{web_server.url}/queues/")
    expect(page.locator(".mc-nav .is-current")).to_be_in_viewport(ratio=1)


def test_theme__chosen__stays_without_a_flash(browser_page, web_server, ada):
    sign_in(browser_page, web_server, ada)
    browser_page.goto(f"{web_server.url}/help/")
    browser_page.get_by_role("button", name="Theme").click()
    browser_page.get_by_role("button", name="Dark").click()
    expect(browser_page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    answer = browser_page.goto(f"{web_server.url}/audit/")
    assert 'data-bs-theme="dark"' in answer.text()


def test_keys__search_go_rows_and_help(browser_page, web_server, ada):
    sign_in(browser_page, web_server, ada)
    browser_page.goto(f"{web_server.url}/help/")
    browser_page.keyboard.press("/")
    expect(browser_page.get_by_role("searchbox", name="Search everything")).to_be_focused()
    browser_page.keyboard.type("g")
    expect(browser_page.get_by_role("searchbox", name="Search everything")).to_have_value("g")
    browser_page.locator("h1").click()
    browser_page.keyboard.press("?")
    expect(browser_page.get_by_role("dialog", name="Keys")).to_be_visible()
    browser_page.keyboard.press("Escape")
    browser_page.keyboard.press("j")
    browser_page.keyboard.press("j")
    expect(browser_page.locator("[data-row].is-at a")).to_have_text("Let a device relay")
    browser_page.keyboard.press("g")
    browser_page.keyboard.press("p")
    browser_page.wait_for_url("**/people/")
    browser_page.keyboard.press("j")
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_url("**/people/*/")


def test_purpose__dismissed__does_not_come_back_on_this_page_only(browser_page, web_server, ada):
    sign_in(browser_page, web_server, ada)
    browser_page.goto(f"{web_server.url}/people/")
    browser_page.get_by_role("button", name="Don't show this sentence again").click()
    expect(browser_page.locator("[data-purpose]")).to_have_count(0)
    browser_page.reload()
    expect(browser_page.locator("[data-purpose]")).to_have_count(0)
    browser_page.goto(f"{web_server.url}/audit/")
    expect(browser_page.locator("[data-purpose]")).to_have_count(1)


def test_dangerous_act__says_what_happens_and_asks_for_a_reason(browser_page, web_server, ada):
    sign_in(browser_page, web_server, ada)
    browser_page.goto(f"{web_server.url}/people/")
    row = browser_page.get_by_role("row").filter(has_text="Editor")
    row.get_by_role("button", name="Switch off").click()
    dialog = browser_page.get_by_role("dialog")
    expect(dialog).to_contain_text("Open sessions end")
    dialog.get_by_role("button", name="Switch off").click()
    expect(dialog).to_be_visible()
    dialog.get_by_label("Reason").fill("left the team")
    dialog.get_by_role("button", name="Switch off").click()
    expect(browser_page.get_by_role("status")).to_contain_text("is switched off")


def test_filter__typed__narrows_in_place_and_stands_in_the_address(browser_page, web_server, ada):
    from mailconsole.audit import services

    for name in ("Scanners", "Partners"):
        services.record(actor=ada, action="a.b", object_kind="policy", object_id=name, summary=f"Edited {name}")
    sign_in(browser_page, web_server, ada)
    browser_page.goto(f"{web_server.url}/audit/")
    browser_page.get_by_label("Words").fill("scanners")
    expect(browser_page.get_by_text("Edited Partners")).to_have_count(0)
    expect(browser_page.get_by_text("Edited Scanners")).to_be_visible()
    assert "q=scanners" in browser_page.url
    assert "q=scanners" in browser_page.get_by_role("link", name="CSV").get_attribute("href")


def test_filter__typed__is_told_to_who_does_not_see_the_list(browser_page, web_server, ada):
    sign_in(browser_page, web_server, ada)
    browser_page.goto(f"{web_server.url}/audit/")
    browser_page.get_by_placeholder("Words, name or id").fill("no such word anywhere")
    expect(browser_page.locator("#said")).to_have_text("No entry matches")


def test_error__somebody_signed_in__keeps_the_navigation(browser_page, web_server, ada, complaints):
    complaints.expect("status of 404")
    sign_in(browser_page, web_server, ada)
    browser_page.goto(f"{web_server.url}/no/such/page/")
    expect(browser_page.get_by_role("heading", level=1)).to_have_text("Nothing here")
    browser_page.get_by_role("navigation", name="Main").get_by_role("link", name="Audit").click()
    expect(browser_page.get_by_role("heading", level=1)).to_have_text("Audit")
