"""The console's certificates are on every node within seconds, with their keys encrypted, and without the database."""

from __future__ import annotations

import smtplib
import ssl
import stat

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.db import OperationalError

from mailconsole.certificates.models import ServerCertificate
from mailconsole.certificates.services.keep import remove_certificate
from mailconsole.runtime.kept_certificates import KeptCertificates, passwords
from tests.mailconsole.certificates.kit import added, now
from tests.mailconsole.runtime.conftest import NODE, smtp_address, wait_until
from tests.support.factories import create_administrator
from transport.certificates import folder
from transport.certificates.folder import Given

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin(db):
    return create_administrator()


def test_refresh__files_are_the_owners_and_the_key_is_encrypted(admin, authority, node_home):
    added(authority, admin)
    kept = KeptCertificates.of(NODE)
    assert kept.refresh() and not kept.refresh()
    key = kept.folder / "mail.key"
    assert b"ENCRYPTED PRIVATE KEY" in key.read_bytes() and stat.S_IMODE(key.stat().st_mode) == 0o600
    with pytest.raises(TypeError):
        load_pem_private_key(key.read_bytes(), None)
    found = folder.look(node_home / "tls", Given(kept.folder, passwords()))
    assert [one.name for one in found.certificates if one.names == ("mail.acme.example",)] == ["mail"]
    assert not found.problems and not KeptCertificates.of(NODE).refresh()


def test_refresh__removed_or_database_away(admin, authority, node_home, monkeypatch):
    made = added(authority, admin)
    kept = KeptCertificates.of(NODE)
    kept.refresh()
    with monkeypatch.context() as patched:

        def away(*args, **options):
            raise OperationalError("no connection")

        patched.setattr(ServerCertificate.objects, "exclude", away)
        with pytest.raises(OperationalError):
            kept.refresh()
    assert (kept.folder / "mail.pem").exists()
    remove_certificate(certificate=made, actor=admin, now=now())
    assert kept.refresh() and not list(kept.folder.glob("mail.*"))


@pytest.mark.parametrize("has_another", [True, False])
def test_refresh__removed_while_the_index_was_lost__no_key_stays(admin, authority, node_home, has_another):
    made = added(authority, admin)
    if has_another:
        added(authority, admin, "other.example", name="other")
    kept = KeptCertificates.of(NODE)
    kept.refresh()
    (kept.folder / "mail.new").write_text("a draft of its key")
    remove_certificate(certificate=made, actor=admin, now=now())
    (kept.folder / "index.json").unlink()
    again = KeptCertificates.of(NODE)
    assert again.refresh() and not again.refresh()
    assert sorted(path.name for path in kept.folder.iterdir() if path.suffix != ".json") == (
        ["other.key", "other.pem"] if has_another else []
    )


def test_node__shows_what_was_added_and_its_successor(host, admin, authority):
    def shown() -> str:
        trusting = ssl.create_default_context(cafile=str(authority.path))
        with smtplib.SMTP(*smtp_address(host)) as client:
            client.__dict__["_host"] = "relay.console.example"  # the name that we ask for and verify
            client.starttls(context=trusting)
            assert isinstance(client.sock, ssl.SSLSocket)
            return str((client.sock.getpeercert() or {})["serialNumber"])

    with pytest.raises(ssl.SSLCertVerificationError):
        shown()
    added(authority, admin, "relay.console.example")
    wait_until(lambda: (host.certificates.folder / "mail.pem").exists())
    serials: list[str] = []
    wait_until(lambda: _tried(shown, serials))
    assert serials


def _tried(shown, serials) -> bool:
    try:
        serials.append(shown())
    except ssl.SSLCertVerificationError:
        return False
    return True
