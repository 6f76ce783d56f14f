"""The pages of a directory source: what they keep, test, tell and refuse."""

import pytest
from django.urls import reverse

from directory import discovery, kerberos
from directory.errors import ServerUnreachable
from mailconsole.audit.models import AuditEntry
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.services.asking import MOST_IN_A_MINUTE
from tests.mailconsole.recipients.directories import PASSWORD, create_directory
from tests.support.factories import create_administrator, create_operator, signed_in

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Acme",
    "servers": "dc1.corp.example",
    "security": "ldaps",
    "base_dn": "DC=corp,DC=example",
    "bind_user": "svc@corp.example",
    "bind_method": "password",
    "search_filter": "(mail=*)",
    "page_size": "500",
    "shrink_limit_percent": "10",
    "changes_every_min": "5",
    "whole_every_h": "24",
    "is_enabled": "on",
    "password": PASSWORD,
}


@pytest.fixture
def certificate_pem(authority):
    return authority.path.read_text()


def test_source_create__administrator__keeps_it():
    signed_in(create_administrator()).post(reverse("recipients:source-create"), FORM)
    assert DirectorySource.objects.get().name == "Acme"


@pytest.mark.parametrize("name", ["source-create", "source-test-new"])
def test_source_create__operator__is_refused(name):
    assert signed_in(create_operator()).post(reverse(f"recipients:{name}"), FORM).status_code == 403
    assert not DirectorySource.objects.exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"servers": "dc1:nonsense"}, "is no server"),
        ({"security": "plain"}, "clear text"),
        ({"ca_pem": "no certificate"}, "CA certificate"),
        ({"password": ""}, "Enter the password"),
        ({"page_size": "0"}, "from 1 to 1000"),
    ],
)
def test_source_create__bad_input__says_what_and_keeps_nothing(more, words):
    page = signed_in(create_administrator()).post(reverse("recipients:source-create"), FORM | more)
    assert page.status_code == 422
    assert words in page.text
    assert not DirectorySource.objects.exists()


def test_source_edit__never_shows_the_password():
    url = reverse("recipients:source-edit", args=[create_directory().pk])
    page = signed_in(create_administrator()).get(url).text
    assert PASSWORD not in page
    assert "never shown" in page


@pytest.mark.parametrize("name", ["source-edit", "source-test"])
def test_source_edit__other_server_without_password__is_refused(name):
    """Else whoever may edit could have the stored password sent to a server of their own."""
    source = create_directory(**{key: FORM[key] for key in ("name", "servers", "base_dn", "bind_user")})
    more = {"servers": "evil.example", "password": ""}
    page = signed_in(create_administrator()).post(reverse(f"recipients:{name}", args=[source.pk]), FORM | more)
    assert "never sent to another place" in page.text
    source.refresh_from_db()
    assert source.servers == "dc1.corp.example"


def test_source_edit__browser_changes_line_ends_of_the_ca__is_no_other_place(certificate_pem):
    source = create_directory(ca_pem=certificate_pem, search_filter="(mail=*)", name="Acme")
    typed = FORM | {"ca_pem": certificate_pem.replace("\n", "\r\n"), "password": "", "page_size": "100"}
    page = signed_in(create_administrator()).post(reverse("recipients:source-edit", args=[source.pk]), typed)
    assert page.status_code == 302, page.text
    source.refresh_from_db()
    assert source.page_size == 100


def test_source_test__cannot_be_reached__explains_the_step():
    more = {"servers": "127.0.0.1:1"}
    page = signed_in(create_administrator()).post(
        reverse("recipients:source-test-new"), FORM | more, headers={"HX-Request": "true"}
    )
    assert "nothing listens there" in page.text
    assert "<html" not in page.text
    assert not DirectorySource.objects.exists()


def test_source_test__is_in_the_audit_with_host_port_and_who_and_at_most_so_often():
    administrator = create_administrator()
    client, url = signed_in(administrator), reverse("recipients:source-test-new")
    for _ in range(MOST_IN_A_MINUTE):
        client.post(url, FORM | {"servers": "127.0.0.1:1 127.0.0.1:2"})
    entries = AuditEntry.objects.filter(action="directory_source.test")
    assert entries.count() == MOST_IN_A_MINUTE
    entry = entries[0]
    assert (entry.actor_name, entry.after) == (administrator.username, {"servers": ["127.0.0.1:1", "127.0.0.1:2"]})
    assert entry.summary == "Tested the directory Acme: 127.0.0.1:1, 127.0.0.1:2"
    page = client.post(url, FORM | {"servers": "127.0.0.1:3"})
    assert (page.status_code, "wait a little" in page.text) == (422, True)
    assert entries.count() == MOST_IN_A_MINUTE


def test_source_test__dns_names_no_controller__is_said_at_the_domain(monkeypatch):
    def refuse(settings):
        raise ServerUnreachable("DNS has no SRV record for it.")

    monkeypatch.setattr(discovery.controllers, "of", refuse)
    page = signed_in(create_administrator()).post(
        reverse("recipients:source-test-new"), FORM | {"servers": "", "domain": "corp.example"}
    )
    assert (page.status_code, "DNS has no SRV record" in page.text) == (422, True)


def test_source__kerberos_where_gssapi_is_missing__says_at_the_field_what_to_install(monkeypatch):
    monkeypatch.setattr(kerberos, "gssapi", None)
    client, url = signed_in(create_administrator()), reverse("recipients:source-create")
    by_kerberos = FORM | {"bind_method": "kerberos", "bind_user": "svc@CORP.EXAMPLE", "password": ""}
    assert "the Python package gssapi is missing" in client.get(url).text
    for address in (url, reverse("recipients:source-test-new")):
        page = client.post(address, by_kerberos)
        error = page.text.partition('id="id_bind_method_error"')[2].partition("</div></div>")[0]
        assert (page.status_code, "pip install gssapi" in error) == (422, True)
    assert not DirectorySource.objects.exists()


def test_source__kerberos__needs_no_password_and_names_the_field_that_is_wrong(monkeypatch):
    monkeypatch.setattr(kerberos, "gssapi", object())
    client, url = signed_in(create_administrator()), reverse("recipients:source-create")
    by_kerberos = FORM | {"bind_method": "kerberos", "bind_user": "svc@CORP.EXAMPLE", "password": ""}
    for more, field in (({"bind_user": "CORP\\svc"}, "bind_user"), ({"keytab": "x"}, "keytab")):
        assert f'id="id_{field}_error"' in client.post(url, by_kerberos | more).text
    client.post(url, by_kerberos | {"keytab": "/etc/reader.keytab"})
    assert DirectorySource.objects.get().keytab == "/etc/reader.keytab"


def test_source__how_its_changes_are_told__is_on_its_pages_with_the_reason():
    source = create_directory(changes_by="count", why_not_dirsync="DirSync is refused: <b>no</b>.")
    client = signed_in(create_administrator())
    for url in (reverse("recipients:sync"), reverse("recipients:source-edit", args=[source.pk])):
        text = client.get(url).text
        assert "uSNChanged" in text
        assert "DirSync is refused: &lt;b&gt;no&lt;/b&gt;." in text


def test_source_delete__operator__is_refused():
    source = create_directory()
    url = reverse("recipients:source-delete", args=[source.pk])
    assert signed_in(create_operator()).post(url).status_code == 403
    signed_in(create_administrator()).post(url, {"reason": "gone"})
    assert not DirectorySource.objects.exists()


def test_source__attribute_names__are_kept_and_a_change_of_them_reads_everything_anew(certificate_pem):
    client = signed_in(create_administrator())
    lines = "proxyaddresses = mailLocalAddress\r\nsAMAccountName=uid"
    client.post(reverse("recipients:source-create"), FORM | {"attribute_lines": lines})
    source = DirectorySource.objects.get()
    assert source.attribute_names == {"proxyAddresses": "mailLocalAddress", "sAMAccountName": "uid"}
    DirectorySource.objects.update(positions={"11": 5})
    url = reverse("recipients:source-edit", args=[source.pk])
    assert "proxyAddresses = mailLocalAddress" in client.get(url).text
    client.post(url, FORM | {"attribute_lines": "sAMAccountName = uid", "domain": "corp.example", "site": "Berlin"})
    source.refresh_from_db()
    assert (source.domain, source.site) == ("corp.example", "Berlin")
    assert (source.attribute_names, source.positions) == ({"sAMAccountName": "uid"}, {})


@pytest.mark.parametrize("line", ["nonsense = uid", "mail = a)(b=*", "mail ="])
def test_source__attribute_name_that_is_none__is_refused(line):
    page = signed_in(create_administrator()).post(reverse("recipients:source-create"), FORM | {"attribute_lines": line})
    assert (page.status_code, "is no attribute" in page.text) == (422, True)
