"""Certificates come, are replaced and go; keys are in the secret store only; what is used stays."""

from __future__ import annotations

import datetime
import time
from unittest.mock import Mock

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from mailconsole.accounts.access import RoleRequired
from mailconsole.audit.models import AuditEntry
from mailconsole.certificates import pem
from mailconsole.certificates.models import ServerCertificate
from mailconsole.certificates.pem import MAX_CHAIN, MAX_KEY
from mailconsole.certificates.refusals import BadCertificate, BadName, CertificateInUse, NameTaken
from mailconsole.certificates.services.given import read_given
from mailconsole.certificates.services.keep import remove_certificate, replace_certificate
from mailconsole.certificates.services.request import checked_hosts, request_certificate
from mailconsole.certificates.uses import uses
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.common.models import Secret
from mailconsole.common.secrets import has_secret, read_secret
from tests.mailconsole.certificates.kit import added, given, now
from tests.mailconsole.changes.kit import create_change
from tests.support.factories import create_administrator, create_editor

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(db):
    return create_administrator(username="ada")


def answer(authority, request_pem: str) -> bytes:
    """What an authority makes of a request."""
    asked = x509.load_pem_x509_csr(request_pem.encode())
    at = now()
    builder = x509.CertificateBuilder().subject_name(asked.subject).issuer_name(authority._certificate.subject)
    builder = builder.public_key(asked.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(at).not_valid_after(at + datetime.timedelta(days=90))
    for extension in asked.extensions:
        builder = builder.add_extension(extension.value, critical=False)
    return builder.sign(authority._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_add__key_is_encrypted_and_nowhere_else(admin, authority):
    made = added(authority, admin)
    assert "PRIVATE KEY" in read_secret("certificate/mail")
    assert "PRIVATE" not in Secret.objects.get(name="certificate/mail").ciphertext
    entry = AuditEntry.objects.get(action="certificate.add")
    everything = f"{entry.summary} {entry.after} {vars(made)}"
    assert "PRIVATE" not in everything and "['mail.acme.example']" in str(entry.after)


@pytest.mark.parametrize("name", ["", "../etc/passwd", "a/b", ".hidden", "cert", "client-ca", "x" * 64, "x y"])
def test_add__name_that_would_be_another_file__is_refused(admin, authority, name):
    with pytest.raises(BadName):
        added(authority, admin, name=name)


@pytest.mark.parametrize("name", ["add", "request", "requests"])
def test_request__name_whose_page_is_another__is_refused(admin, name):
    with pytest.raises(BadName, match="something else"):
        request_certificate(name=name, hosts=["mail.acme.example"], actor=admin, now=now())


def test_add__name_taken_or_no_administrator__is_refused(admin, authority):
    added(authority, admin)
    with pytest.raises(NameTaken):
        added(authority, admin)
    with pytest.raises(RoleRequired):
        added(authority, create_editor(), name="other")


def test_given__many_beginnings_of_a_key__are_read_once(authority):
    began = time.process_time()
    with pytest.raises(BadCertificate):
        read_given(now=now(), chain=b"-----BEGIN PRIVATE KEY-----\n" * 9000)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(("field", "length"), [("chain", MAX_CHAIN), ("key", MAX_KEY), ("archive", MAX_CHAIN)])
def test_given__too_long__is_not_looked_into(monkeypatch, field, length):
    monkeypatch.setattr("mailconsole.certificates.services.given._key_among", lambda chain: pytest.fail("looked"))
    with pytest.raises(BadCertificate, match="longer than"):
        read_given(now=now(), **{field: b"x" * (length + 1)})


def test_given__key_after_its_parameters_and_among_certificates__is_found(authority):
    made = authority.issue("mail.acme.example")
    first = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    chain = first + made.chain.read_bytes() + made.key.read_bytes() + made.chain.read_bytes()
    assert read_given(now=now(), chain=chain).names == ("mail.acme.example",)


def test_replace__renewed_by_the_same_name(admin, authority):
    made = added(authority, admin)
    pair = read_given(now=now(), **given(authority.issue("mail.acme.example", "www.acme.example")))
    again = replace_certificate(certificate=made, pair=pair, actor=admin, now=now())
    assert (again.version, again.names) == (2, ["mail.acme.example", "www.acme.example"])
    assert read_secret("certificate/mail") == pair.key_pem
    assert "['mail.acme.example']" in str(AuditEntry.objects.get(action="certificate.replace").before)


def test_request__answer_is_installed_without_a_key(admin, authority):
    asked = request_certificate(name="new", hosts=["new.acme.example"], actor=admin, now=now())
    assert not asked.is_installed and uses([asked]) == {}
    pair = read_given(now=now(), chain=answer(authority, asked.request_pem), certificate=asked)
    done = replace_certificate(certificate=asked, pair=pair, actor=admin, now=now())
    assert done.is_installed and not done.request_pem and not has_secret("certificate-request/new")
    assert AuditEntry.objects.filter(action="certificate.install").exists()


def test_request__of_a_successor__leaves_what_is_shown(admin, authority):
    made = added(authority, admin)
    key = read_secret("certificate/mail")
    asked = request_certificate(name="mail", hosts=["mail.acme.example"], actor=admin, now=now(), is_rsa=True)
    assert asked.pk == made.pk and asked.is_installed and read_secret("certificate/mail") == key
    other = read_given(now=now(), **given(authority.issue("mail.acme.example")))
    replaced = replace_certificate(certificate=asked, pair=other, actor=admin, now=now())
    assert replaced.request_pem and has_secret("certificate-request/mail")


def test_request__while_another_is_installed__leaves_that_one(admin, authority, monkeypatch):
    """As the database has it between our reading and our writing, where nothing locks its rows."""
    made = added(authority, admin)
    pair = read_given(now=now(), **given(authority.issue("mail.acme.example")))
    make = pem.make_request

    def meanwhile(*said):
        replace_certificate(certificate=made, pair=pair, actor=admin, now=now())
        return make(*said)

    monkeypatch.setattr(pem, "make_request", meanwhile)
    request_certificate(name="mail", hosts=["mail.acme.example"], actor=admin, now=now())
    made.refresh_from_db()
    assert (made.version, made.fingerprint, bool(made.request_pem)) == (2, pair.fingerprint, True)
    assert read_secret("certificate/mail") == pair.key_pem


def test_request__of_a_known_one__locks_it(admin, authority, monkeypatch):
    added(authority, admin)
    lock = Mock(side_effect=ServerCertificate.objects.select_for_update)
    monkeypatch.setattr(ServerCertificate.objects, "select_for_update", lock)
    request_certificate(name="mail", hosts=["mail.acme.example"], actor=admin, now=now())
    lock.assert_called_once_with()


def test_install__answer_to_no_key_of_ours__is_refused(admin, authority):
    asked = request_certificate(name="new", hosts=["new.acme.example"], actor=admin, now=now())
    with pytest.raises(BadCertificate, match="fits no key that the console has"):
        read_given(now=now(), chain=authority.issue("new.acme.example").chain.read_bytes(), certificate=asked)


@pytest.mark.parametrize("hosts", [[], ["a b"], ["-x.example"], ["*.*.example"], ["münchen.example"], ["x", "/"]])
def test_request__no_host_name__is_refused(hosts):
    with pytest.raises(BadCertificate):
        checked_hosts(hosts)


def test_remove__used_by_a_connector_or_a_draft__is_refused(admin, authority):
    made = added(authority, admin)
    change = create_change()
    receive = {"id": "extra", "name": "Extra", "bindings": ["127.0.0.1:2599"], "tls_certificate_name": "mail"}
    stage_item(change=change, actor=change.author, kind="receive_connectors", object_id=None, after=receive, now=now())
    assert "Extra" in str(uses([made])["mail"][0])
    with pytest.raises(CertificateInUse, match="Extra"):
        remove_certificate(certificate=made, actor=admin, now=now())
    change.delete()
    remove_certificate(certificate=made, actor=admin, now=now(), reason="old")
    assert not ServerCertificate.objects.exists() and not has_secret("certificate/mail")
    assert AuditEntry.objects.get(action="certificate.remove").reason == "old"


def test_uses__connectors_name_or_the_organisations__the_newest_is_meant(admin, authority, monkeypatch):
    from tests.transport.config.documents import document

    head = document(receive_connectors=[{"id": "default", "name": "Default", "fqdn": "mail.acme.example"}])
    monkeypatch.setattr("mailconsole.certificates.uses.load_document", lambda number: head)
    old, other = added(authority, admin, name="old"), added(authority, admin, "other.example", name="other")
    assert {name: len(used) for name, used in uses([old, other]).items()} == {"old": 1, "other": 0}
    new = added(authority, admin, "*.acme.example", name="successor")
    assert [str(one) for one in uses([old, other, new])["successor"]] == ["Default"]
    assert not uses([old, other, new])["old"]
