"""Tables at every width: what does not fit stands under its heading, nothing scrolls sideways, names stay whole."""

from __future__ import annotations

import time

import pytest
from django.urls import reverse
from playwright.sync_api import Route

from tests.mailconsole.mailflow.test_browser import sign_in
from tests.mailconsole.mailflow.test_long_lists import POLICIES, publish
from tests.support.browser import assert_accessible, new_context
from tests.support.factories import create_editor
from tests.support.traffic import Traffic

pytestmark = pytest.mark.django_db(transaction=True)
OVERFLOWING = (
    "[...document.querySelectorAll('.mc-table-wrap')].filter(one => one.scrollWidth > one.clientWidth + 1).length"
)
HEIGHT_OF_NAME = "document.querySelector('.mc-client .mc-second').getClientRects()[0].height"
WIDE = {
    "owner": "The team that looks after printers and scanners",
    "networks": [f"192.168.{n}.0-192.168.{n}.255" for n in range(3)],
    "recipient_addresses": [f"department-{n}.subsidiary.contoso.example" for n in range(3)],
    "sender_addresses": ["scanner-on-the-third-floor@subsidiary.contoso.example"],
    "expires_at": "2031-01-01T00:00:00Z",
}


@pytest.mark.parametrize("width", [1280, 990, 768, 576, 390])
def test_list__of_wide_policies__never_scrolls_sideways_below_992(browser, complaints, web_server, width):
    publish(relay_policies=[POLICIES[n] | WIDE for n in range(3)])
    page = new_context(browser, complaints, width=width).new_page()
    sign_in(page, web_server, create_editor())
    page.goto(web_server.url + reverse("mailflow:relay-policy-list"))
    page.wait_for_function("document.querySelector('td[data-label]')")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 992:
        assert page.evaluate(OVERFLOWING) == 0
        page.get_by_role("link", name="Owner").click()
        page.wait_for_url("**sort=3**")
        assert page.evaluate(OVERFLOWING) == 0
    assert_accessible(page)


def test_list__sorted_by_keyboard_alone__says_so_and_keeps_it_while_filtering(browser, complaints, web_server):
    publish(relay_policies=POLICIES)
    page = new_context(browser, complaints).new_page()
    sign_in(page, web_server, create_editor())
    page.goto(web_server.url + reverse("mailflow:relay-policy-list"))
    page.get_by_role("link", name="Name").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("th[aria-sort=descending]")
    assert page.locator(".mc-first").first.inner_text() == "Policy 1999"
    page.get_by_role("searchbox", name="Filter").fill("10.0.7.0")
    page.locator(".mc-pages").get_by_text("1 object", exact=True).wait_for()
    assert page.locator("th[aria-sort=descending]").count() == 1
    assert "sort=-name" in page.url


@pytest.mark.parametrize("width", [1280, 990])
def test_refusals__client_of_usual_name__is_not_broken_within(browser, complaints, web_server, width):
    traffic = Traffic()
    traffic.refuse(helo="client.demo.example")
    traffic.ingest()
    page = new_context(browser, complaints, width=width).new_page()
    sign_in(page, web_server, create_editor())
    page.goto(web_server.url + reverse("tracking:refusals"))
    assert page.evaluate(HEIGHT_OF_NAME) < 30


SHIFTS = """window.shifted = 0;
new PerformanceObserver(list => { for (const one of list.getEntries()) window.shifted += one.value; })
  .observe({type: "layout-shift", buffered: true});"""


def come_late(route: Route) -> None:
    time.sleep(0.7)
    route.continue_()


def test_list__on_a_narrow_screen__stands_as_it_is_from_the_first_moment(browser, complaints, web_server):
    publish(relay_policies=POLICIES[:50])
    page = new_context(browser, complaints, width=390).new_page()
    sign_in(page, web_server, create_editor())
    page.add_init_script(SHIFTS)
    page.route("**/js/tables.js", come_late)
    page.goto(web_server.url + reverse("mailflow:relay-policy-list"), wait_until="networkidle")
    page.wait_for_timeout(300)
    assert page.evaluate("window.shifted") < 0.05
