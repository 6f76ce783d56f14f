"""Sources are kept with an audit row and without their password."""

import pytest

from directory.settings import BindMethod
from directory.snapshot import Snapshot
from mailconsole.audit.models import AuditEntry
from mailconsole.common.models import Secret
from mailconsole.common.secrets import SecretMissing, read_secret
from mailconsole.recipients.models import DirectorySource, Recipient
from mailconsole.recipients.refusals import SourceRefused
from mailconsole.recipients.services.sources import create_source, delete_source, settings_of, update_source
from tests.directory.entries import a_recipient
from tests.mailconsole.recipients.directories import NOW, PASSWORD, create_directory, new_source, read_directory
from tests.support.factories import create_administrator

pytestmark = pytest.mark.django_db


def test_create_source__password__is_in_the_secret_store_alone():
    source = create_directory(actor=create_administrator())
    assert settings_of(source).bind_password == PASSWORD
    entry = AuditEntry.objects.get(action="directory_source.create")
    assert PASSWORD not in f"{entry.before}{entry.after}{entry.summary}"
    assert PASSWORD not in Secret.objects.get(name=source.secret_name).ciphertext


@pytest.mark.parametrize(
    "fields",
    [
        {"servers": ""},
        {"servers": "dc1:port"},
        {"security": "plain"},
        {"ca_pem": "no certificate"},
        {"page_size": 5000},
    ],
)
def test_create_source__setting_cannot_be_used__is_refused_and_nothing_kept(fields):
    with pytest.raises(SourceRefused):
        create_source(source=new_source(**fields), password=PASSWORD, actor=None, now=NOW)
    assert not DirectorySource.objects.exists()
    assert not Secret.objects.exists()


def test_create_source__empty_password__is_refused():
    with pytest.raises(SourceRefused, match="empty"):
        create_source(source=new_source(), password="", actor=None, now=NOW)


def test_source__kerberos__keeps_no_password_and_forgets_the_one_there_was():
    source = create_directory()
    source.bind_method, source.bind_user, source.keytab = "kerberos", "svc@CORP.EXAMPLE", "/etc/reader.keytab"
    update_source(source=source, password="", actor=None, now=NOW)
    assert not Secret.objects.exists()
    made = settings_of(DirectorySource.objects.get())
    assert (made.bind_method, made.keytab, made.bind_password) == (BindMethod.KERBEROS, "/etc/reader.keytab", "")
    other = create_directory(password="", bind_method="kerberos", bind_user="svc@CORP.EXAMPLE")
    assert settings_of(other).bind_method is BindMethod.KERBEROS
    source.bind_method = "password"
    with pytest.raises(SecretMissing):
        update_source(source=source, password="", actor=None, now=NOW)


def test_update_source__empty_password__keeps_the_stored_one():
    source = create_directory()
    source.base_dn = "DC=other,DC=example"
    update_source(source=source, password="", actor=None, now=NOW)
    entry = AuditEntry.objects.get(action="directory_source.update")
    assert entry.before and entry.after
    assert (entry.before["base_dn"], entry.after["base_dn"]) == ("DC=corp,DC=example", "DC=other,DC=example")
    assert read_secret(source.secret_name) == PASSWORD


def test_update_source__switched_off__is_no_longer_looked_up(monkeypatch, home):
    source = create_directory()
    read_directory(monkeypatch, source, [a_recipient("anna")])
    source.is_enabled = False
    update_source(source=source, password="", actor=None, now=NOW)
    assert Snapshot.open(home / "directory").version is None


def test_delete_source__forgets_recipients_and_password(monkeypatch, home):
    source = create_directory()
    read_directory(monkeypatch, source, [a_recipient("anna")])
    delete_source(source=source, reason="merged", actor=None, now=NOW)
    assert not Recipient.objects.exists()
    assert not Secret.objects.exists()
    assert Snapshot.open(home / "directory").version is None
    assert AuditEntry.objects.get(action="directory_source.delete").reason == "merged"
