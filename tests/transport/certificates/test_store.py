"""Which certificate a connector shows: by name, by FQDN, the best of several; what is wrong is said, never hidden."""

import datetime
import shutil
import time

import pytest

from tests.support.listener import connector
from transport.certificates import own
from transport.certificates.store import CertificateStore

NOW = time.time()


@pytest.fixture
def folder(tmp_path):
    own.ensure_self_signed(tmp_path, hostname="relay.test", now=datetime.datetime.now(datetime.UTC))
    return tmp_path


@pytest.fixture
def put(folder, authority):
    def issue(name: str, *names: str, days: int = 30) -> None:
        made = authority.issue(*names, days=days)
        shutil.copy(made.chain, folder / f"{name}.pem")
        shutil.copy(made.key, folder / f"{name}.key")

    return issue


def shown(folder, now=NOW, **fields):
    return CertificateStore(folder, hostname="relay.test").presented(connector(**fields), now=now)


def test_presented__nothing_else__is_the_one_we_made(folder):
    found = shown(folder)
    assert (found.name, found.is_self_signed, found.problem) == ("self-made", True, "")


def test_presented__covers_the_fqdn__of_an_authority_before_our_own(folder, put):
    put("bought", "relay.test")
    put("other", "other.test", "*.wild.test")
    assert [shown(folder, fqdn=f).name for f in ("", "other.test", "a.wild.test", "RELAY.test")] == [
        "bought", "other", "other", "bought",
    ]  # fmt: skip
    assert shown(folder).issuer == "CN=Mailconsole test CA"


def test_presented__wildcard__stands_for_one_label(folder, put):
    put("wild", "*.wild.test")
    assert shown(folder, fqdn="a.wild.test").name == "wild"
    for fqdn in ("a.b.wild.test", "wild.test"):
        found = shown(folder, fqdn=fqdn)
        assert found.name == "self-made"
        assert found.problem == f"No certificate on this node is for {fqdn}; self-made is shown instead."


def test_presented__expired_and_a_valid_one__is_the_valid_one(folder, put):
    put("bought", "relay.test", days=-1)
    assert shown(folder).name == "self-made"


def test_presented__named_and_expired__is_shown_and_said(folder, put):
    put("old", "relay.test", days=-1)
    found = shown(folder, tls_certificate_name="old")
    assert found.name == "old" and "expired on" in found.problem


def test_presented__named_by_a_name_in_it__survives_renewal(folder, put):
    """Exchange's issuer and subject break at renewal (exchange.md 8)."""
    put("2026", "mail.test", days=20)
    assert shown(folder, tls_certificate_name="mail.test").name == "2026"
    put("2027", "mail.test", days=90)
    assert shown(folder, tls_certificate_name="MAIL.test").problem == ""


def test_presented__named_and_missing__another_is_shown_and_said(folder):
    found = shown(folder, tls_certificate_name="gone")
    assert found.name == "self-made"
    assert found.problem == "The certificate gone is not on this node. self-made is shown instead."


def test_presented__named_and_without_its_key__says_why(folder, put, authority):
    put("broken", "relay.test")
    shutil.copy(authority.issue("x.test").key, folder / "broken.key")
    found = shown(folder, tls_certificate_name="broken")
    assert found.problem.startswith("The certificate broken cannot be used: its key does not fit")


@pytest.mark.parametrize(("days", "said"), [(30, ""), (10, "expires on")])
def test_presented__soon_over__is_said(folder, put, days, said):
    put("bought", "relay.test", days=days)
    problem = shown(folder).problem
    assert said in problem and bool(problem) is bool(said)


def test_presented__folder_of_an_acme_client__is_read(folder, authority):
    made = authority.issue("relay.test")
    (folder / "live").mkdir()
    shutil.copy(made.chain, folder / "live" / "fullchain.pem")
    shutil.copy(made.key, folder / "live" / "privkey.pem")
    assert shown(folder).name == "live"


def test_presented__no_certificate_at_all__is_said_and_tls_is_off(tmp_path):
    found = shown(tmp_path)
    assert (found.name, found.problem) == ("", "This node has no certificate: TLS is not offered.")
    assert CertificateStore(tmp_path, hostname="x").context_for(connector()) is None


def test_presented__partners_without_authorities__is_said(folder, authority):
    assert "client-ca.pem is not on this node" in shown(folder, permission_groups=("Partners",)).problem
    shutil.copy(authority.path, folder / "client-ca.pem")
    assert shown(folder, permission_groups=("Partners",)).problem == ""


def test_own__within_its_last_month__is_made_anew_and_else_left_alone(folder):
    now = datetime.datetime.now(datetime.UTC)
    made = (folder / "cert.pem").read_bytes()
    own.ensure_self_signed(folder, hostname="relay.test", now=now + datetime.timedelta(days=4 * 365))
    assert (folder / "cert.pem").read_bytes() == made
    own.ensure_self_signed(folder, hostname="relay.test", now=now + datetime.timedelta(days=5 * 365 - 10))
    assert (folder / "cert.pem").read_bytes() != made
    assert shown(folder, now=(now + datetime.timedelta(days=6 * 365)).timestamp()).problem == ""


def test_refresh__renewed_files__are_taken_up(folder, put):
    store = CertificateStore(folder, hostname="relay.test")
    before = store.context_for(connector())
    assert not store.refresh()
    assert store.context_for(connector()) is before
    put("bought", "relay.test")
    assert store.refresh()
    assert store.presented(connector(), now=NOW).name == "bought"
    assert store.context_for(connector()) is not before


def test_refresh__a_certificate_is_over__another_is_chosen(folder, put):
    put("bought", "relay.test", days=20)
    now = [NOW]
    store = CertificateStore(folder, hostname="relay.test", clock=lambda: now[0])
    before = store.context_for(connector())
    now[0] += 21 * 86400
    assert store.context_for(connector()) is before
    assert store.refresh() and not store.refresh()
    assert store.context_for(connector()) is not before
    assert store.presented(connector(), now=now[0]).name == "self-made"
