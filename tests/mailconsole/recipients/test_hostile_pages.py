"""Every page of the directory in a browser, with hostile text from LDAP in all that it shows: text that fits."""

from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect

from directory.errors import SearchFailed
from directory.explain_mapping import ExplainedEntry, MappedAttribute
from directory.model import EntryProblem, RecipientKind, SenderRestrictions, Severity
from mailconsole.recipients.models import DirectorySource, SyncRun
from mailconsole.recipients.services.unused import review_proxies
from mailconsole.recipients.views import mapping
from tests.directory.entries import a_recipient, guid_of
from tests.mailconsole.recipients.directories import answer_with, create_directory, read_directory
from tests.support.browser import LOOKS, assert_looks_right
from tests.support.factories import create_administrator, signed_in
from tests.support.traffic import NOW, Traffic
from transport.config.document import MailFlow
from transport.config.objects import AcceptedDomain, DomainType, HomeServer, SendConnector

pytestmark = pytest.mark.django_db(transaction=True)
EVIL = "<img src=x onerror=\"document.title='taken'\">{{ 7*7 }}\u202egnp.exe\u200b\x1b[31m"
LONG = EVIL + "W" * 200
DN = f"CN={EVIL}\\, {'x' * 150},OU=Edge,DC=corp,DC=example"
TOO_WIDE = """() => document.documentElement.scrollWidth <= window.innerWidth ? [] :
    [...document.querySelectorAll("main *")].filter(one => one.getBoundingClientRect().right > window.innerWidth)
    .map(one => one.outerHTML.slice(0, 200)).slice(0, 5)"""
DOCUMENT = MailFlow(
    accepted_domains=(AcceptedDomain(id="a", name="A", domain="acme.example", domain_type=DomainType.AUTHORITATIVE),),
    send_connectors=(
        SendConnector(id="out", name="Out", home_servers=(HomeServer(server="*"),), smart_hosts=("[::1]",)),
    ),
)


def people():
    """A group, its hostile members in a conflict, in a circle, on a home server, with notes."""
    both, kind = (f"{'i' * 60}@acme.example",), RecipientKind.DISTRIBUTION_GROUP
    restricted = SenderRestrictions(accept_from=(DN,), require_auth=True)
    mallory = a_recipient(
        "mallory", display_name=LONG, dn=DN, alias=EVIL, account_name=EVIL, user_principal_name=EVIL, home_server=LONG,
        addresses=("mallory@acme.example", *both, "x@foreign.example"), legacy_addresses=(f"X500:{LONG}",),
        notes=(EVIL,), restrictions=restricted,
    )  # fmt: skip
    return [
        a_recipient("team", kind=kind, display_name=EVIL, member_guids=tuple(map(guid_of, ("mallory", "trudy")))),
        a_recipient("empty", kind=RecipientKind.DYNAMIC_GROUP, dynamic_filter=LONG, display_name=EVIL),
        mallory,
        a_recipient(
            "trudy", display_name=EVIL, addresses=("trudy@acme.example", *both), forwarding_guid=guid_of("eve")
        ),
        a_recipient("eve", display_name=EVIL, forwarding_guid=guid_of("trudy")),
    ]


@pytest.fixture
def page(browser_page: Page, live_server, monkeypatch) -> Page:
    for place in ("views.who", "services.unused"):
        monkeypatch.setattr(f"mailconsole.recipients.{place}.load_document", lambda head: DOCUMENT)
    source = create_directory(name="Acme", servers="127.0.0.1:1")
    problem = EntryProblem(DN, Severity.SKIPPED, f"It has no usable SMTP address. {EVIL}")
    read_directory(monkeypatch, source, people(), answer={"problems": [problem]})
    answer_with(monkeypatch, [], error=SearchFailed(f"The search failed: {EVIL}."))
    read_directory(monkeypatch, source, [], answer={"error": SearchFailed(f"The search failed: {LONG}.")})
    rows = (MappedAttribute("displayName", EVIL, (LONG, EVIL), 3, "display name", LONG),)
    monkeypatch.setattr(mapping, "explain_entry", lambda settings, guid: ExplainedEntry(DN, rows, EVIL))
    traffic = Traffic(at=NOW - 86400 * 40)
    traffic.receive("mallory@acme.example")
    traffic.ingest()
    review_proxies(now=datetime.fromtimestamp(NOW, UTC))
    cookie = signed_in(create_administrator()).cookies[django_settings.SESSION_COOKIE_NAME].value
    name = django_settings.SESSION_COOKIE_NAME
    browser_page.context.add_cookies([{"name": name, "value": cookie, "url": live_server.url}])
    browser_page.goto(f"{live_server.url}/directory/")
    return browser_page


def paths():
    source = DirectorySource.objects.get()
    runs = [f"sync/runs/{pk}/" for pk in SyncRun.objects.values_list("pk", flat=True)]
    whose = [f"recipients/{guid_of(name)}/" for name in ("team", "mallory", "trudy", "empty")]
    return [
        "", *whose, f"recipients/{guid_of('mallory')}/attributes/", "who/?address=team@acme.example",
        "who/?address=trudy@acme.example", "to-mend/", "to-mend/unused/", "sync/", *runs, "sync/sources/find/",
        f"sync/sources/{source.pk}/", "sync/sources/new/", f"sync/sources/{source.pk}/sign-in/",
    ]  # fmt: skip


@pytest.mark.parametrize(("width", "is_dark"), LOOKS)
def test_pages__hostile_text__is_text_fits_and_can_be_read_by_all(page: Page, width, is_dark):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if is_dark else "light")
    base = page.url
    for path in paths():
        page.goto(base + path)
        assert page.evaluate(TOO_WIDE) == [], path
        assert page.locator("img[src=x]").count() == 0 and page.title() != "taken", path
        text = page.locator("body").inner_text()
        assert not set(text) & {"\u202e", "\u200b", "\x1b"}, path
        assert "49" not in page.locator("main h1").inner_text(), path
        assert_looks_right(page)


def test_list_tree_and_unused__by_keyboard_alone(page: Page):
    page.locator(".mc-filters input[name=q]").focus()
    page.keyboard.type("mallory")
    expect(page.locator("#recipients tbody tr")).to_have_count(1)
    page.wait_for_url("**q=mallory*")  # what is selected sooner is lost when the rows of the whole word come
    page.locator("body").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/recipients/*/")
    page.locator("#who").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/who/?address=*")
    expect(page.locator(".mc-tree")).to_be_visible()
    page.goto(page.url.partition("/who/")[0] + "/to-mend/")
    page.locator("#unused").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/to-mend/unused/")
    page.locator("#window").focus()
    page.keyboard.type("90")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("count as unused after 90 days")).to_be_visible()
