"""A receive connector's page in a real browser: what each node shows of it, which limits decided; its form and help."""

from __future__ import annotations

import time

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from mailconsole.nodes.snapshots import Live
from tests.mailconsole.mailflow.test_browser import shoot, sign_in
from tests.support.browser import assert_accessible, new_context
from tests.support.factories import create_editor
from tests.support.snapshots import node
from transport.model.certificate import PresentedCertificate
from transport.model.limit import Limit, LimitCount

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def live(monkeypatch):
    expired = PresentedCertificate(
        "default",
        "mail.contoso.com",
        ("mail.contoso.com", "*.relay.contoso.com"),
        "CN=Contoso Issuing CA 2, O=Contoso",
        time.time() - 86400,
        problem="The certificate mail.contoso.com expired on 2026-11-22: peers that verify it refuse it.",
    )
    own = PresentedCertificate("default", "self-made", ("relay.test",), "CN=relay.test", time.time() + 9e7, True)
    counts = (LimitCount("default", Limit.RECIPIENTS, 3, time.time() - 60),)
    shown = Live(True, (node("transport-1", certificates=(expired,), limits=counts), node("t-2", certificates=(own,))))
    monkeypatch.setattr("mailconsole.mailflow.views.details.read_live", lambda: shown)


@pytest.mark.parametrize(("width", "is_dark"), [(1440, False), (360, True)])
def test_page__certificates_and_limits__are_seen_and_accessible(browser, complaints, web_server, live, width, is_dark):
    page = new_context(browser, complaints, width=width, is_dark=is_dark).new_page()
    sign_in(page, web_server, create_editor())
    connector = ["default"]
    paths = [
        reverse("mailflow:receive-connector-edit", args=connector),
        reverse("common:help-topic", args=["receive-connectors"]),
        reverse("mailflow:receive-connector-show", args=connector),
    ]
    for path in paths:
        page.goto(web_server.url + path)
        shoot(page, f"{width}{path.replace('/', '_')}")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    expect(page.get_by_text("expired on 2026-11-22")).to_be_visible()
    expect(page.get_by_text("MaxRecipientsPerMessage")).to_be_visible()
