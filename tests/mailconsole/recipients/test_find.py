"""The wizard: a domain's controllers by DNS, and the base that one of them names; what it asks is in the audit."""

from datetime import timedelta

import pytest
from django.urls import reverse

from directory.discovery import FoundController
from directory.errors import ServerUnreachable
from directory.naming import NamingContext
from directory.settings import Server
from mailconsole.audit.models import AuditEntry
from mailconsole.recipients.refusals import SourceRefused, TooManyTests
from mailconsole.recipients.services import asking, find
from mailconsole.recipients.services.find import find_directory
from tests.mailconsole.recipients.directories import NOW
from tests.support.factories import create_administrator, create_editor, create_operator, signed_in

pytestmark = pytest.mark.django_db
FIND = reverse("recipients:source-find")


@pytest.fixture
def dns(monkeypatch):
    found = (FoundController("dc1.corp.example", 0, 100, True),)
    monkeypatch.setattr(find, "find_controllers", lambda domain, site: found)


def test_find__no_controller_answers__guesses_by_the_domains_name_and_says_so(dns, monkeypatch):
    def refuse(servers):
        assert servers == (Server("dc1.corp.example", 389), Server("dc1.corp.example", 636))
        raise ServerUnreachable("Cannot connect to dc1.")

    monkeypatch.setattr(find, "ask_naming_context", refuse)
    client = signed_in(create_administrator())
    page = client.post(FIND, {"domain": "CORP.example.", "site": "Berlin"}).text
    assert "dc1.corp.example" in page and "no controller could be asked: Cannot connect to dc1." in page
    use = "?name=corp.example&amp;domain=corp.example&amp;site=Berlin&amp;servers=&amp;base_dn="
    assert reverse("recipients:source-create") + use in page
    form = client.get(reverse("recipients:source-create"), {"domain": "corp.example", "base_dn": "DC=corp,DC=example"})
    assert 'value="DC=corp,DC=example"' in form.text
    entry = AuditEntry.objects.get(action="directory_source.find")
    assert entry.after == {"servers": [], "domain": "corp.example"}
    entry = AuditEntry.objects.get(action="directory_source.find.controllers")
    assert entry.after == {"servers": ["dc1.corp.example:389", "dc1.corp.example:636"]}


@pytest.mark.needs("lab-ad")
@pytest.mark.parametrize("server", ["127.0.0.10", "127.0.0.10:3269"])
def test_find__controller_alone__names_its_base_and_fills_the_form(lab_ad, server):
    page = signed_in(create_administrator()).post(FIND, {"server": server}).text
    assert f"{lab_ad.base}</span>" in page and "says 127.0.0.10" in page
    assert f"servers={server.replace(':', '%3A')}&amp;base_dn=DC%3Dcorp%2CDC%3Dexample" in page


def test_find__no_records_no_controller_or_no_right__says_so(monkeypatch):
    def refuse(domain, site):
        raise ServerUnreachable("DNS has no SRV record for it.")

    monkeypatch.setattr(find, "find_controllers", refuse)
    client = signed_in(create_administrator())
    for sent, words in (
        ({"domain": "nosuch.example"}, "DNS has no SRV record"),
        ({"server": "127.0.0.1:1"}, "nothing listens there"),
        ({"server": "127.0.0.1:x"}, "is no server"),
        ({"domain": "a b"}, "is no name in DNS"),
        ({"site": "Berlin"}, "Name the domain, or a controller."),
    ):
        page = client.post(FIND, sent)
        assert (page.status_code, words in page.text) == (422, True), sent
    assert signed_in(create_operator()).get(FIND).status_code == 403


def test_find__too_often__waits(dns, monkeypatch):
    asked = []

    def ask(servers):
        asked.append(servers)
        return NamingContext("DC=x", servers[0])

    monkeypatch.setattr(find, "ask_naming_context", ask)
    one, other = create_administrator(), create_administrator()
    for _ in range(asking.MOST_IN_A_MINUTE):
        find_directory(domain="corp.example", actor=one, now=NOW)
    with pytest.raises(TooManyTests, match="wait a little"):
        find_directory(domain="corp.example", actor=one, now=NOW + timedelta(seconds=59))
    find_directory(domain="corp.example", actor=other, now=NOW)
    find_directory(domain="corp.example", actor=one, now=NOW + timedelta(seconds=61))
    assert len(asked) == asking.MOST_IN_A_MINUTE + 2


def test_find__too_often__asks_not_even_dns(monkeypatch):
    asked = []

    def refuse(domain, site):
        asked.append(domain)
        raise ServerUnreachable("DNS has no SRV record for it.")

    monkeypatch.setattr(find, "find_controllers", refuse)
    actor = create_administrator()
    for number in range(asking.MOST_IN_A_MINUTE + 5):
        with pytest.raises((SourceRefused, TooManyTests)):
            find_directory(domain=f"d{number}.example", actor=actor, now=NOW)
    assert len(asked) == asking.MOST_IN_A_MINUTE
    assert AuditEntry.objects.filter(action="directory_source.find").count() == asking.MOST_IN_A_MINUTE


def test_note_asking__port_that_is_none_of_ldaps__is_an_administrators_alone():
    def note(actor, port):
        asking.note_asking(servers=[Server("dc1", port)], verb="test", what="Tested", actor=actor, now=NOW)

    note(create_administrator(), 22)
    editor = create_editor()
    for port in asking.LDAP_PORTS:
        note(editor, port)
    with pytest.raises(SourceRefused, match="dc1:22: only an administrator"):
        note(editor, 22)
    assert AuditEntry.objects.filter(action="directory_source.test").count() == 1 + len(asking.LDAP_PORTS)
