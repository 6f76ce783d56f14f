"""A directory in trouble, with the lab's controller behind a gate: what is known stays, and recovery is by itself."""

import contextlib
import ssl
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from directory.snapshot import Snapshot
from mailconsole.common.secrets import store_secret
from mailconsole.recipients.services.due import Due, due_sync
from mailconsole.recipients.services.health import alerts
from mailconsole.recipients.services.sources import settings_of
from mailconsole.recipients.services.sync import sync_source
from mailconsole.recipients.states import SyncState
from tests.directory.servers import cut_after, serving
from tests.mailconsole.recipients.directories import create_directory
from tests.support.gate import Gate
from tests.support.pace import at_pace

pytestmark = [pytest.mark.django_db, pytest.mark.needs("lab-ad")]
ANNA = "admin.anna@acme.example"
STRICT = ("127.0.0.11", 636)


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path
    return tmp_path


@pytest.fixture
def controller():
    with Gate(*STRICT, host="127.0.0.11") as gate:
        yield gate


@pytest.fixture
def source(lab_ad, controller, home):
    made = create_directory(
        servers=f"127.0.0.11:{controller.port}", base_dn=lab_ad.base, bind_user=lab_ad.reader.user,
        password=lab_ad.reader.password, ca_pem=lab_ad.ca_path.read_text(), search_filter=f"(mail={ANNA})",
    )  # fmt: skip
    assert sync(made).state == SyncState.SUCCEEDED
    return made


@contextlib.contextmanager
def tls_server(certificate):
    """Where it listens, and what it heard after the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    heard: list[bytes] = []

    def talk(peer):
        with context.wrap_socket(peer, server_side=True) as tls:
            while data := tls.recv(1024):
                heard.append(data)

    with serving(talk) as port:
        yield port, heard


def sync(source):
    return sync_source(source=source, actor=None, now=timezone.now(), is_whole=False)


def is_known(home):
    snapshot = Snapshot.open(home / "directory")
    try:
        return snapshot.find(ANNA) is not None
    finally:
        snapshot.close()


def test_controller_gone_and_back__the_last_good_data_stays_and_the_next_sync_succeeds(source, controller, home):
    controller.close()
    failed = sync(source)
    assert (failed.state, is_known(home)) == (SyncState.FAILED, True)
    assert [one.tone for one in alerts(timezone.now())] == ["warn"]
    assert "old; mail goes on by it" in alerts(timezone.now() + timedelta(hours=3))[0].text
    source.refresh_from_db()
    assert due_sync(source, now=timezone.now() + timedelta(minutes=6)) is Due.CHANGES
    controller.open()
    assert (sync(source).state, alerts(timezone.now())) == (SyncState.SUCCEEDED, [])


def test_password_changed__says_so_and_is_right_again_with_the_new_one(source, lab_ad, home):
    # Not the reader's own name: ten wrong passwords would lock it for everything else.
    source.bind_user = "svc-nothing@corp.example"
    source.save()
    store_secret(name=source.secret_name, value="the old one")
    failed = sync(source)
    assert (failed.state, is_known(home)) == (SyncState.FAILED, True)
    assert "password is wrong" in failed.message
    store_secret(name=source.secret_name, value=lab_ad.reader.password)
    assert sync(source).state == SyncState.SUCCEEDED


@pytest.mark.parametrize("octets", [0, 3_000, 6_000])
def test_answer_breaks_off__changes_nothing(source, home, octets):
    with serving(cut_after(octets, STRICT)) as port:
        source.servers, source.tls_name = f"127.0.0.1:{port}", "strict.corp.example"
        failed = sync(source)
    assert (failed.state, is_known(home)) == (SyncState.FAILED, True)


def test_controller_freezes__the_run_ends_in_bounded_time(source, controller, home, monkeypatch):
    impatient = replace(settings_of(source), receive_timeout_s=8)
    monkeypatch.setattr("mailconsole.recipients.services.sync.settings_of", lambda _: impatient)
    controller.freeze()
    began = time.monotonic()
    assert sync(source).state == SyncState.FAILED
    assert time.monotonic() - began < at_pace(16)
    assert is_known(home)


def test_certificate_expired__is_named_and_nothing_is_sent(source, authority, home):
    expired = authority.issue("127.0.0.1", days=-1)
    with tls_server(expired) as (port, heard):
        source.servers, source.ca_pem = f"127.0.0.1:{port}", authority.path.read_text()
        failed = sync(source)
    assert (failed.state, heard, is_known(home)) == (SyncState.FAILED, [], True)
    assert "certificate has expired" in failed.message
