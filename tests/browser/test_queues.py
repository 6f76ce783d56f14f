"""Queued messages in a real browser: a filter, a preview, a bulk action; every page in both themes, wide and narrow."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from mailconsole.queues.services.holds import add_hold_rule
from tests.browser.test_frame import sign_in
from tests.mailconsole.runtime.conftest import host, node_home
from tests.support.browser import assert_accessible, new_context
from tests.support.factories import create_administrator, create_operator
from tests.support.nodes import answering_node
from transport.model.queue_filter import QueueFilter

__all__ = ["answering_node", "host", "node_home"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting(answering_node):
    """Mail to three recipients waits for a next hop that is down, one message is held."""
    answering_node.sink.stop()
    for name in ("bo", "cy", "di"):
        answering_node.send(recipient=f"{name}@partner.example")
    answering_node.until(lambda: answering_node.state() == ["Retry"] * 3)
    rule = QueueFilter(sender="eve@acme.example")
    add_hold_rule(wanted=rule, reason="Looks like phishing", actor=create_operator(username="olga"))
    answering_node.send(sender="eve@acme.example")
    return answering_node


def test_bulk__filtered_previewed_confirmed(browser_page, web_server, waiting):
    sign_in(browser_page, web_server, create_operator())
    browser_page.goto(f"{web_server.url}/queues/")
    browser_page.get_by_role("link", name="Queued messages").click()
    browser_page.get_by_placeholder("Sender or domain").fill("ann@acme.example")
    expect(browser_page.locator("#queued").get_by_text("1 to 3 of 3 messages")).to_be_visible()
    browser_page.get_by_role("button", name="Remove").click()
    expect(browser_page.get_by_role("heading", level=1)).to_have_text("Remove 3 messages from ann@acme.example")
    assert len(waiting.state()) == 4
    browser_page.get_by_role("button", name="Remove (3)").click()  # the reason is missing: the browser stays
    expect(browser_page.get_by_label("Reason")).to_be_focused()
    browser_page.get_by_label("Reason").fill("sent by mistake")
    browser_page.get_by_role("button", name="Remove (3)").click()
    expect(browser_page.get_by_role("status")).to_contain_text("3 messages removed.")
    assert waiting.state(sender="ann@acme.example") == [] and waiting.state(sender="eve@acme.example") == ["Suspended"]


@pytest.mark.parametrize(("width", "is_dark"), [(1440, False), (360, True)])
def test_pages__wide_and_narrow__are_accessible_and_do_not_scroll_sideways(
    browser, complaints, web_server, waiting, width, is_dark
):
    context = new_context(browser, complaints, width=width, is_dark=is_dark)
    page = context.new_page()
    sign_in(page, web_server, create_administrator())
    key = f"SmartHostConnectorDelivery/out/{waiting.sink.host}:{waiting.sink.port}"
    paths = {
        "queues": "/queues/",
        "queue": f"/queues/queue/?key={key}",
        "messages": "/queues/messages/",
        "order": "/queues/messages/order/?verb=remove",
        "redirect": "/queues/messages/order/?verb=redirect",
        "holds": "/queues/holds/",
        "hold": "/queues/holds/add/",
        "help": "/help/work-with-queues/",
    }
    for name, path in paths.items():
        page.goto(web_server.url + path)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        _keep(page, f"{name}-{width}")
    context.close()


def _keep(page, name):
    """For somebody to look at, where a folder is named."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
