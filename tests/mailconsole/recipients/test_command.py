"""`directory add|list|test|sync|find` from a shell, against the lab's Active Directory."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from directory import kerberos
from mailconsole.audit.models import AuditEntry
from mailconsole.recipients.management.source_options import PASSWORD_VARIABLE
from mailconsole.recipients.models import DirectorySource

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = io.StringIO()
    call_command("directory", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def added(lab_ad, monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, lab_ad.reader.password)
    run("add", "Acme", "--server", "127.0.0.11", "--base-dn", lab_ad.base, "--bind-user", lab_ad.reader.user,
        "--ca-file", str(lab_ad.ca_path))  # fmt: skip
    return DirectorySource.objects.get()


@pytest.mark.needs("lab-ad")
def test_directory__from_nothing_to_a_look_up(added):
    assert "All" not in run("test") and "FAILED" not in run("test", "Acme")
    assert "succeeded" in run("sync")
    assert "Nothing has changed" in run("sync", "Acme")
    assert "5 members" in run("find", "BOARD@acme.example")
    assert "Two or more objects claim" in run("find", "twice@acme.example")
    with pytest.raises(CommandError, match="No recipient has the address"):
        run("find", "nobody@acme.example")
    assert "Acme" in run("list")


@pytest.mark.needs("lab-ad")
def test_directory_sync__controller_gone__fails_and_says_that_the_old_data_stays(added):
    added.servers = "127.0.0.11:1"
    added.save()
    with pytest.raises(CommandError, match="last good data stays"):
        run("sync")
    with pytest.raises(CommandError, match="A step failed"):
        run("test")


def test_directory__no_source__says_how_to_add_one():
    with pytest.raises(CommandError, match="directory add"):
        run("sync")
    with pytest.raises(CommandError, match="no directory 'Acme'"):
        run("test", "Acme")


def test_directory_add__bad_settings__are_refused_and_nothing_kept(monkeypatch, tmp_path):
    monkeypatch.setenv(PASSWORD_VARIABLE, "x")
    common = ("add", "Acme", "--server", "dc1", "--base-dn", "DC=x", "--bind-user", "u")
    with pytest.raises(CommandError, match="clear text"):
        run(*common, "--security", "plain")
    with pytest.raises(CommandError, match="cannot be read"):
        run(*common, "--ca-file", str(tmp_path / "missing.pem"))
    assert not DirectorySource.objects.exists()


@pytest.mark.needs("lab-ad")
def test_directory_add__no_base__asks_the_directory_for_its_own(lab_ad, monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, lab_ad.reader.password)
    said = run("add", "Acme", "--server", "127.0.0.11", "--bind-user", lab_ad.reader.user, "--ca-file",
               str(lab_ad.ca_path))  # fmt: skip
    assert f"The directory calls its base {lab_ad.base}." in said
    assert DirectorySource.objects.get().base_dn == lab_ad.base


def test_directory__attribute_names__are_set_changed_listed_and_taken_back(monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, "x")
    run("add", "Acme", "--server", "dc1", "--base-dn", "DC=x", "--bind-user", "u",
        "--attribute", "proxyaddresses=mailLocalAddress", "--attribute", "objectGUID = entryUUID")  # fmt: skip
    source = DirectorySource.objects.get()
    assert source.attribute_names == {"proxyAddresses": "mailLocalAddress", "objectGUID": "entryUUID"}
    run("change", "Acme", "--attribute", "objectGUID=", "--attribute", "sAMAccountName=uid", "--page-size", "100")
    source.refresh_from_db()
    assert source.attribute_names == {"proxyAddresses": "mailLocalAddress", "sAMAccountName": "uid"}
    assert (source.page_size, source.base_dn, source.security) == (100, "DC=x", "ldaps")
    assert "    sAMAccountName = uid" in run("list")
    for wrong, words in (("nonsense=uid", "no attribute that is read"), ("mail=a)(b=*", "no attribute name")):
        with pytest.raises(CommandError, match=words):
            run("change", "Acme", "--attribute", wrong)


def test_directory_add__kerberos_where_gssapi_is_missing__says_what_to_install(monkeypatch):
    monkeypatch.setattr(kerberos, "gssapi", None)
    with pytest.raises(CommandError, match="pip install gssapi"):
        run("add", "Acme", "--server", "dc1", "--base-dn", "DC=x", "--bind-user", "u@X", "--by", "kerberos")
    assert not DirectorySource.objects.exists()


def test_directory_test__is_in_the_audit(monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, "x")
    run("add", "Acme", "--server", "127.0.0.1:1", "--base-dn", "DC=x", "--bind-user", "u")
    with pytest.raises(CommandError):
        run("test")
    entry = AuditEntry.objects.get(action="directory_source.test")
    assert (entry.actor_name, entry.after) == ("system", {"servers": ["127.0.0.1:1"]})


def test_directory__no_database_yet__says_how_to_make_it(monkeypatch):
    def missing():
        raise OperationalError("no such table: recipients_directorysource")

    monkeypatch.setattr(DirectorySource.objects, "all", missing)
    with pytest.raises(CommandError, match=r"not ready \(no such table.*\./console up"):
        run("list")


def test_directory_find__nothing_read_yet__cannot_tell():
    with pytest.raises(CommandError, match="not been read yet"):
        run("find", "anna@acme.example")
