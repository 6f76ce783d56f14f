"""Explain and the ways to it in a browser: in both schemes, wide and narrow, accessible and within the window."""

from __future__ import annotations

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect

from mailconsole.changes import recorded
from mailconsole.changes.services import list_answers, under
from mailconsole.tracking.models import Refusal
from tests.mailconsole.tools.test_explain_hidden import ALL, BOSS, RULE, SECRET, person
from tests.support.browser import LOOKS, assert_looks_right
from tests.support.factories import create_editor, signed_in
from tests.support.traffic import Traffic
from transport.config.document import MailFlow
from transport.ports.recipients import EntryKind, RecipientEntry, SenderRestrictions

pytestmark = pytest.mark.django_db(transaction=True)
ASK = "tools/explain/?peer=9.9.9.9&binding=smtp&sender=mole@contoso.com&recipient="
BL = {"id": "bl", "name": "Spam list", "lookup_domain": "bl.example", "is_any_match": True}


@pytest.fixture
def page(browser_page: Page, live_server, monkeypatch) -> Page:
    """Signed in as editor; a group hides its members, a rule and a recipient ask for it, a list knows the client."""
    entries = [RecipientEntry(SECRET, EntryKind.GROUP, SECRET, members=("mole@contoso.com", "spy@contoso.com")),
               RecipientEntry(ALL, EntryKind.GROUP, ALL, members=(SECRET, "ann@contoso.com", "(odd)")),
               person(BOSS, restrictions=SenderRestrictions(accept_from=(SECRET,))),
               person("ann@contoso.com")]  # fmt: skip
    flow = MailFlow.model_validate(
        {"accepted_domains": [{"id": "c", "name": "C", "domain": "contoso.com"}], "mail_flow_rules": [RULE],
         "receive_connectors": [{"id": "d", "name": "D", "bindings": ["smtp"]}],
         "ip_block_list_providers": [BL | {"is_only_told": True}]}
    )  # fmt: skip
    monkeypatch.setattr(under, "load_document", lambda head: flow)
    monkeypatch.setattr(recorded, "directory", lambda: {one.address: one for one in entries}.get)
    monkeypatch.setattr(recorded, "hiding", lambda keys: frozenset({SECRET}) & frozenset(keys))
    monkeypatch.setattr(list_answers, "codes_of", lambda name: ("127.0.0.2",))
    traffic = Traffic()
    traffic.refuse()
    traffic.ingest()
    Refusal.objects.update(revision=1)
    cookie = signed_in(create_editor()).cookies[django_settings.SESSION_COOKIE_NAME].value
    browser_page.context.add_cookies(
        [{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    browser_page.goto(f"{live_server.url}/tools/explain/")
    return browser_page


@pytest.mark.parametrize(("width", "is_dark"), LOOKS)
def test_pages__each_scheme_and_width__are_accessible_and_fit(page: Page, width, is_dark):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if is_dark else "light")
    base, key = page.url.removesuffix("tools/explain/"), Refusal.objects.get().pk
    for path in (f"{ASK}{ALL}", f"{ASK}{BOSS}", "messages/refusals/", f"messages/refusals/{key}/"):
        page.goto(base + path)
        assert_looks_right(page)


def test_refusal__one_click__leads_to_explain_filled_in(page: Page):
    page.goto(page.url.replace("tools/explain/", "messages/refusals/"))
    page.get_by_role("link", name="Explain this attempt of 127.0.0.2").first.click()
    expect(page.get_by_label("Client IP")).to_have_value("127.0.0.2")
    expect(page.get_by_label("EHLO")).to_have_value("scanner.local")
    expect(page.get_by_label("At optional", exact=True)).not_to_have_value("")
    expect(page.get_by_label("Decided under")).to_have_value("r1")
