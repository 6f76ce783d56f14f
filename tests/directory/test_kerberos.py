"""A bind by Kerberos: its settings, a machine that lacks what it needs, and the real thing against the lab's Samba."""

import os
import subprocess
from dataclasses import replace

import pytest

from directory import kerberos
from directory.check import check_source
from directory.errors import BadCredentials, InvalidSourceSettings, KerberosFailed
from directory.settings import BindMethod, Security, Server, SourceSettings
from directory.sign_in import check_password
from directory.source import read_all

REALM = "CORP.EXAMPLE"
SETTINGS = SourceSettings(
    servers=(Server("127.0.0.10", 636),),
    base_dn="DC=corp,DC=example",
    bind_user=f"svc-mailflow@{REALM}",
    bind_password="",
    bind_method=BindMethod.KERBEROS,
    tls_name="dc1.corp.example",
    search_filter="(mail=admin.anna@acme.example)",
)
needs_kerberos = pytest.mark.needs("lab-ad", "kerberos")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"bind_user": "svc-mailflow"}, "principal"),
        ({"bind_user": "CORP\\svc"}, "principal"),
        ({"bind_user": "CN=svc,DC=corp"}, "principal"),
        ({"security": Security.PLAIN, "allow_plain": True}, "LDAPS or StartTLS"),
        ({"keytab": "reader.keytab"}, "whole path"),
        ({"credential_cache": "FILE:/tmp/a b"}, "as Kerberos does"),
    ],
)
def test_settings__kerberos_could_not_work__is_refused(more, words):
    with pytest.raises(InvalidSourceSettings, match=words):
        replace(SETTINGS, **more)


def test_read_all__no_gssapi_here__says_what_to_install(monkeypatch):
    monkeypatch.setattr(kerberos, "gssapi", None)
    assert not kerberos.is_available()
    with pytest.raises(KerberosFailed, match=r"lacks\. Install .*libkrb5-dev.*MAILCONSOLE_EXTRAS=kerberos"):
        read_all(SETTINGS)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Major (1): x, Minor (2): Preauthentication failed", BadCredentials, "make the keytab again"),
        ("Major (1): x, Minor (2): Clients credentials have been revoked", BadCredentials, "disabled or locked"),
        ("Major (1): x, Minor (2): Cannot contact any KDC for realm 'X'", KerberosFailed, "no key distribution centre"),
        ("Major (1): x, Minor (2): Server not found in Kerberos database", KerberosFailed, "no ldap/dc1.corp.example:"),
        ("Major (1): x, Minor (2): something else", KerberosFailed, "636: something else."),
    ],
)
def test_failure__gssapis_words__become_ours(text, kind, words):
    said = kerberos.failure(SETTINGS, SETTINGS.servers[0], RuntimeError(text))
    assert (type(said), words in str(said)) == (kind, True)


@pytest.fixture
def lab(lab_ad, monkeypatch):
    monkeypatch.setenv("KRB5_CONFIG", str(lab_ad.ca_path.parent.parent / "ad" / "krb5.conf"))
    monkeypatch.delenv("KRB5CCNAME", raising=False)
    return replace(SETTINGS, ca_pem=lab_ad.ca_path.read_text())


def make_keytab(path, *, user="svc-mailflow", password="Lab-Passw0rd!"):
    wanted = f"addent -password -p {user}@{REALM} -k 0 -e aes256-cts-hmac-sha1-96\n{password}\nwkt {path}\n"
    subprocess.run(["ktutil"], input=wanted, text=True, check=True, capture_output=True)
    return str(path)


@needs_kerberos
@pytest.mark.parametrize(("security", "port"), [(Security.LDAPS, 636), (Security.STARTTLS, 389)])
def test_read_all__by_keytab__reads_and_checks_passwords_as_ever(lab, tmp_path, security, port):
    by_keytab = replace(lab, keytab=make_keytab(tmp_path / "keytab"), security=security)
    by_keytab = replace(by_keytab, servers=(Server("127.0.0.10", port),))
    reading = read_all(by_keytab)
    assert [one.primary_address for one in reading.recipients] == ["admin.anna@acme.example"]
    assert reading.position.cookie
    assert check_password(by_keytab, name="admin.anna", password="Lab-Passw0rd!").account_name == "admin.anna"
    steps = [step for _, step in check_source(by_keytab)]
    assert all(step.is_ok for step in steps), steps
    assert any("by Kerberos" in step.text for step in steps)


@needs_kerberos
@pytest.mark.parametrize("is_named", [True, False])
def test_read_all__by_credential_cache_of_the_settings_or_the_environment__reads(lab, tmp_path, monkeypatch, is_named):
    cache, keytab = f"FILE:{tmp_path / 'cache'}", make_keytab(tmp_path / "keytab")
    asked = ["kinit", "-k", "-t", keytab, "-c", cache, SETTINGS.bind_user]
    subprocess.run(asked, check=True, capture_output=True, env=dict(os.environ))
    if not is_named:
        monkeypatch.setenv("KRB5CCNAME", cache)
    assert len(read_all(replace(lab, credential_cache=cache if is_named else "")).recipients) == 1


@needs_kerberos
def test_read_all__no_ticket_or_key__says_what_is_missing(lab, tmp_path):
    (tmp_path / "text").write_text("no keytab")
    other = make_keytab(tmp_path / "other", user="somebody")
    for more, words in (
        ({"keytab": str(tmp_path / "none")}, "cannot be read: No such file"),
        ({"keytab": str(tmp_path / "text")}, "is no keytab"),
        ({"keytab": other}, "svc-mailflow@CORP.EXAMPLE"),
        ({"credential_cache": f"FILE:{tmp_path / 'none'}"}, "holds no ticket|there is no ticket"),
    ):
        with pytest.raises(KerberosFailed, match=words):
            read_all(replace(lab, **more))


@needs_kerberos
def test_read_all__key_is_not_the_accounts__is_a_wrong_password_and_tried_once(lab, tmp_path):
    keytab = make_keytab(tmp_path / "keytab", user="svc-nothing", password="wrong")
    two = replace(lab, bind_user=f"svc-nothing@{REALM}", keytab=keytab, servers=(Server("127.0.0.10", 636),) * 2)
    with pytest.raises(BadCredentials, match="make the keytab again"):
        read_all(two)


@needs_kerberos
def test_read_all__controller_that_the_domain_does_not_know__names_the_service(lab, tmp_path):
    named = replace(lab, keytab=make_keytab(tmp_path / "keytab"), tls_name="strict.corp.example")
    with pytest.raises(KerberosFailed, match=r"the domain knows no ldap/strict\.corp\.example"):
        read_all(replace(named, servers=(Server("127.0.0.11", 636),)))
