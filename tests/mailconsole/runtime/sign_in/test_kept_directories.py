"""Which directories a node asks is on the node."""

import stat

import pytest
from django.db import OperationalError

from mailconsole.recipients.models import DirectorySource
from mailconsole.runtime.sign_in.kept_directories import KeptDirectories
from tests.mailconsole.changes.kit import NOW
from tests.mailconsole.runtime.conftest import NODE
from transport.ports.unavailable import LookupUnavailable

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return DirectorySource.objects.create(name="corp", servers="dc1 dc2", security="ldaps", base_dn="DC=x",
                                          bind_user="reader", created_at=NOW)  # fmt: skip


def secrets(name: str) -> str:
    if name != DirectorySource.objects.get().secret_name:
        raise LookupUnavailable(f"no {name}")
    return "pw"


def test_refresh__enabled_source__is_kept_without_its_password(node_home, source):
    kept = KeptDirectories.of(NODE)
    assert kept.refresh() and not kept.refresh()
    ((name, settings),) = kept.settings(secrets)
    assert (name, [one.host for one in settings.servers], settings.bind_password) == ("corp", ["dc1", "dc2"], "pw")
    assert (settings.connect_timeout_s, settings.receive_timeout_s) == (2, 4)
    assert kept.secret_names == {source.secret_name}
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600 and "pw" not in kept.path.read_text()


def test_settings__kerberos__needs_no_password_of_the_node(node_home, source):
    DirectorySource.objects.update(bind_method="kerberos", bind_user="reader@X.EXAMPLE", keytab="/etc/reader.keytab")
    kept = KeptDirectories.of(NODE)
    kept.refresh()
    ((_, settings),) = kept.settings(lambda name: pytest.fail(f"{name} was asked for"))
    assert (settings.bind_method, settings.keytab, kept.secret_names) == ("kerberos", "/etc/reader.keytab", set())


def test_refresh__switched_off__is_asked_no_more(node_home, source):
    kept = KeptDirectories.of(NODE)
    kept.refresh()
    DirectorySource.objects.update(is_enabled=False)
    assert kept.refresh()
    assert kept.settings(secrets) == []


def test_kept__database_away__is_what_the_disk_has(node_home, source, monkeypatch):
    KeptDirectories.of(NODE).refresh()

    def away(*args, **options):
        raise OperationalError("no connection")

    monkeypatch.setattr(DirectorySource.objects, "filter", away)
    again = KeptDirectories.of(NODE)
    with pytest.raises(OperationalError):
        again.refresh()
    assert [name for name, _ in again.settings(lambda name: "pw")] == ["corp"]


def test_settings__password_is_not_there_or_unusable__cannot_tell(node_home, source):
    kept = KeptDirectories.of(NODE)
    kept.refresh()
    with pytest.raises(LookupUnavailable, match="bind password is empty"):
        kept.settings(lambda name: "")
    kept._rows[0]["id"] = 99
    with pytest.raises(LookupUnavailable):
        kept.settings(secrets)
