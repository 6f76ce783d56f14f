"""The live pages in a real browser: they follow within two seconds, and nothing moves under one's hand."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from mailconsole.nodes.live.publish import publish_regions
from tests.support.browser import LOOKS, assert_looks_right, new_context
from tests.support.factories import PASSWORD, create_operator, create_viewer
from tests.support.snapshots import node, queue, show
from tests.support.traffic import Traffic
from transport.model.snapshot import QueueStatus

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("MAILCONSOLE_TEST_SCREENSHOTS")
LIVE_MS = 2500


class Ticks(threading.Thread):
    """Beat and control worker in one: shows what `shown` holds, and renders, a few times each second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.shown = [node("transport-1")]
        self.is_stopping = threading.Event()

    def run(self) -> None:
        while not self.is_stopping.wait(0.3):
            show(*self.shown)
            publish_regions()
        connections.close_all()


@pytest.fixture
def ticks(live_redis, transactional_db) -> Iterator[Ticks]:
    thread = Ticks()
    thread.start()
    yield thread
    thread.is_stopping.set()
    thread.join(5)


def sign_in(page: Page, url: str, person) -> None:
    page.goto(f"{url}/account/sign-in/")
    page.get_by_label("User name").fill(person.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "sign-in" not in address)


def stuck(**said):
    plain = {"status": QueueStatus.RETRY, "oldest_at": time.time() - 600, "next_retry_at": time.time() + 200}
    words = {"last_reply": "451 4.7.1 Greylisted", "waiting_because": "The next hop deferred the last try."}
    return queue(**plain | words | said)


def test_queues__snapshot_changes__shows_within_two_seconds(web_server, ticks, browser_page):
    sign_in(browser_page, web_server.url, create_viewer())
    browser_page.goto(f"{web_server.url}/queues/")
    expect(browser_page.get_by_text("Live", exact=True)).to_be_visible()
    expect(browser_page.get_by_text("Nothing waits.")).to_be_visible()

    ticks.shown = [node("transport-1", stuck(message_count=41))]

    row = browser_page.locator("tr", has_text="fabrikam.example")
    expect(row).to_contain_text("41", timeout=LIVE_MS)
    expect(row).to_contain_text("The next hop deferred the last try.")
    expect(browser_page.get_by_text("Nothing waits.")).to_have_count(0)
    expect(row.get_by_role("button")).to_have_count(0)


def test_queues__row_under_the_pointer__changes_in_place_and_does_not_move(web_server, ticks, browser_page):
    ticks.shown = [node("transport-1", queue("a.example"), queue("b.example"), queue("c.example"))]
    sign_in(browser_page, web_server.url, create_operator())
    browser_page.goto(f"{web_server.url}/queues/")
    rows = browser_page.locator("[data-live=queues] > tr")
    expect(rows).to_have_count(3)
    button = browser_page.get_by_role("button", name="Retry b.example now")
    button.hover()
    button.focus()
    kept = button.element_handle()

    ticks.shown = [
        node("transport-1", queue("a.example"), queue("b.example", message_count=5), stuck(domain="c.example"))
    ]
    expect(rows.nth(1)).to_contain_text("5", timeout=LIVE_MS)
    expect(rows.nth(2)).to_contain_text("Retry", timeout=LIVE_MS)

    assert kept.evaluate("node => node.isConnected && node === document.activeElement")
    browser_page.mouse.move(5, 5)
    browser_page.evaluate("document.activeElement.blur()")
    expect(rows.nth(0)).to_contain_text("c.example", timeout=LIVE_MS)


def test_queues__narrow_screen__every_value_stands_under_its_heading_and_stays_there(
    web_server, ticks, browser, complaints
):
    ticks.shown = [node("transport-1", queue("a.example", message_count=4))]
    context = new_context(browser, complaints, width=390)
    page = context.new_page()
    sign_in(page, web_server.url, create_viewer())
    page.goto(f"{web_server.url}/queues/")
    count = page.locator("[data-live=queues] td[data-label=Messages]")
    expect(count).to_have_text("4")
    ticks.shown = [node("transport-1", queue("a.example", message_count=5), queue("b.example"))]
    expect(count.first).to_have_text("5", timeout=LIVE_MS)
    expect(count).to_have_count(2)
    assert page.evaluate("document.querySelector('.mc-table-wrap').scrollWidth") <= 390
    context.close()


def test_queues__filtered__stays_filtered_while_it_lives(web_server, ticks, browser_page):
    ticks.shown = [node("transport-1", queue("a.example"), stuck(domain="b.example"))]
    sign_in(browser_page, web_server.url, create_viewer())
    browser_page.goto(f"{web_server.url}/queues/?state=Retry")
    rows = browser_page.locator("[data-live=queues] > tr")
    expect(rows).to_have_count(1)

    ticks.shown = [node("transport-1", stuck(domain="a.example"), stuck(domain="b.example", message_count=77))]

    expect(rows).to_have_count(2, timeout=LIVE_MS)
    expect(browser_page.locator("tr", has_text="b.example")).to_contain_text("77", timeout=LIVE_MS)


def test_overview__mail_flows__cards_lists_and_chart_follow(web_server, ticks, browser_page):
    sign_in(browser_page, web_server.url, create_viewer())
    browser_page.goto(f"{web_server.url}/")
    expect(browser_page.locator(".uplot canvas").first).to_be_visible()
    expect(browser_page.get_by_text("Nobody was refused")).to_be_visible()

    traffic = Traffic(at=time.time())
    traffic.refuse()
    traffic.fail(traffic.receive())
    traffic.ingest()
    ticks.shown = [node("transport-1", stuck(message_count=3)), node("transport-2")]

    expect(browser_page.locator("[data-live=queues-waiting]")).to_contain_text("fabrikam.example", timeout=LIVE_MS)
    expect(browser_page.locator("[data-live=nodes]")).to_contain_text("transport-2", timeout=LIVE_MS)
    expect(browser_page.locator("[data-live=top-refusals]")).to_contain_text("127.0.0.2", timeout=7000)
    expect(browser_page.locator("[data-live=recent-failures]")).to_contain_text("No such user", timeout=7000)


def test_overview__ticks_stop__says_that_it_is_paused(web_server, ticks, browser_page):
    sign_in(browser_page, web_server.url, create_viewer())
    browser_page.goto(f"{web_server.url}/")
    expect(browser_page.get_by_text("Live", exact=True)).to_be_visible()

    ticks.is_stopping.set()

    expect(browser_page.get_by_text("Paused", exact=True)).to_be_visible(timeout=15_000)


def test_message__delivered_while_one_looks__says_so(live_redis, web_server, browser_page):
    traffic = Traffic(at=time.time())
    message_id = traffic.receive(subject="Look at me")
    traffic.ingest()
    sign_in(browser_page, web_server.url, create_viewer())
    browser_page.goto(f"{web_server.url}/messages/")
    browser_page.get_by_role("link", name="Look at me").click()
    expect(browser_page.get_by_role("heading", name="Look at me")).to_be_visible()

    traffic.send(message_id)
    traffic.ingest()

    expect(browser_page.get_by_text("250 2.0.0 Ok").first).to_be_visible(timeout=4000)


@pytest.mark.parametrize(("width", "is_dark"), LOOKS)
def test_pages__every_theme_and_width__are_accessible_and_fit(complaints, web_server, ticks, browser, width, is_dark):
    now = time.time()
    traffic = Traffic(at=now - 120)
    message_id = traffic.receive(subject="An invoice with a rather long subject, as people write them")
    traffic.route(message_id)
    traffic.defer(message_id)
    traffic.fail(traffic.receive())
    traffic.refuse()
    traffic.ingest()
    ticks.shown = [node("transport-1", stuck(message_count=41), queue("contoso.example", last_reply="250 2.0.0 OK"))]
    context = new_context(browser, complaints, width=width, is_dark=is_dark)
    page = context.new_page()
    sign_in(page, web_server.url, create_operator())
    for name, path in PAGES.items():
        page.goto(f"{web_server.url}{path}")
        if name in ("message", "refusal"):
            page.locator("[data-rows] td a").first.click()
            page.wait_for_load_state()
        page.wait_for_timeout(600)
        assert_looks_right(page)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{'dark' if is_dark else 'light'}.png", full_page=True)
    context.close()


PAGES = {
    "overview": "/",
    "queues": "/queues/",
    "queue": "/queues/queue/?key=DnsConnectorDelivery/internet/fabrikam.example",
    "messages": "/messages/",
    "message": "/messages/",
    "explain": "/tools/explain/?peer=10.1.2.3&binding=smtp&sender=a%40b.example&recipient=c%40d.example",
    "refusals": "/messages/refusals/",
    "refusal": "/messages/refusals/",
}
