"""Signing in to relay, with the whole product: a service account and a user of Active Directory, through to the sink;
and with the console's database and its broker gone."""

import os
import signal
import subprocess
import time

import pytest

from tests.support.lab import PASSWORD, LabAd
from tests.support.product import Product, started
from tests.support.sink import Sink
from tests.support.smtp import Disconnected, Sent, send

pytestmark = pytest.mark.needs("lab-ad")
MESSAGE = b"From: {}\r\nSubject: signed in\r\n\r\nx\r\n"
DOCUMENT = """
schema_version: 1
organization: {{name: Test, hostname: relay.test, retry_ladder: "1s...", max_failed_logons_per_account: 3}}
receive_connectors:
  - {{id: default, name: Default}}
  - id: client
    name: Client
    bindings: [submission]
    permission_groups: [ExchangeUsers]
    tls_mode: required
    auth_tarpit_interval: 0s
send_connectors:
  - {{id: sink, name: Sink, address_spaces: [{{domain: "*"}}], smart_hosts: ["[127.0.0.1]:{port}"]}}
service_accounts:
  - {{id: scanner, name: Scanner, username: scanner, addresses: [scan@acme.example], password_secret: scanner.1,
     owner: Facilities, purpose: Scan to mail}}
relay_policies:
  - {{id: signed-in, name: Signed in, identities: [scanner, admin.anna@acme.example], owner: IT, purpose: Test}}
"""


@pytest.fixture(scope="module")
def product(prepared_home, tmp_path_factory, lab_ad: LabAd):
    """One node, a directory of one person, and a user at the AD that no policy names: approver.alice."""
    settings = {"MAILCONSOLE_TRANSPORT_WORKERS": "1", "MAILCONSOLE_BIND_PASSWORD": lab_ad.reader.password}
    running = started(prepared_home, tmp_path_factory.mktemp("product"), **settings)
    try:
        people = "(|(sAMAccountName=admin.anna)(sAMAccountName=approver.alice))"
        for words in (
            ("add", "corp", "--server", "127.0.0.11", "--base-dn", lab_ad.base, "--bind-user", lab_ad.reader.user,
             "--ca-file", lab_ad.ca_path, "--filter", people),
            ("sync", "corp"),
        ):  # fmt: skip
            done = running.console("directory", *words)
            assert done.returncode == 0, done.stdout + done.stderr
        yield running
    finally:
        running.down()


@pytest.fixture(scope="module")
def scanner(product: Product) -> str:
    """The password of the service account, as the console printed it."""
    done = product.console("config", "password", "scanner.1")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[0]


@pytest.fixture
def configured(product: Product, scanner: str, sink: Sink) -> Product:
    product.apply(DOCUMENT.format(port=sink.port))
    return product


def submit(product: Product, user: str, password: str, sender: str, *, author: str = "") -> Sent:
    body = MESSAGE.replace(b"{}", (author or sender).encode())
    return send(*product.submission, sender, "b@partner.example", body, tls=True, auth=(user, password), timeout_s=30)


def until(product: Product, user: str, password: str, sender: str, *, timeout_s: float = 30.0) -> Sent:
    """What a node needs a moment for (a new password, its own restart)."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            sent = submit(product, user, password, sender)
            if sent.is_accepted or time.monotonic() > end:
                return sent
        except (OSError, Disconnected):
            assert time.monotonic() < end, "the node does not listen"
        time.sleep(0.5)


def test_service_account__signs_in__relays_what_is_its_own(configured: Product, scanner: str, sink: Sink):
    assert until(configured, "Scanner", scanner, "scan@acme.example").is_accepted
    received = sink.wait_for(1)[0]
    assert received.mail_from == "scan@acme.example"
    assert b"with ESMTPSA" in received.data
    assert str(submit(configured, "scanner", scanner, "ceo@acme.example").last).startswith("550 5.7.60")
    spoofed = submit(configured, "scanner", scanner, "scan@acme.example", author="ceo@acme.example")
    assert str(spoofed.last).startswith("550 5.7.60")


def test_directory_user__signs_in__relays_where_a_policy_names_the_user(configured: Product, sink: Sink):
    assert until(configured, "CORP\\admin.anna", PASSWORD, "admin.anna@acme.example").is_accepted
    assert sink.wait_for(1)[0].mail_from == "admin.anna@acme.example"
    assert str(submit(configured, "admin.anna", PASSWORD, "scan@acme.example").last).startswith("550 5.7.60")
    alice = submit(configured, "approver.alice", PASSWORD, "approver.alice@acme.example")
    assert str(alice.last) == "550 5.7.1 Unable to relay"


@pytest.mark.needs("swaks")
def test_swaks__as_an_administrator_tries_it__is_taken(configured: Product, scanner: str, sink: Sink):
    host, port = configured.submission
    command = ["swaks", "--server", host, "--port", str(port), "--tls", "--auth", "LOGIN", "--auth-user", "scanner"]
    command += ["--auth-password", scanner, "--from", "scan@acme.example", "--to", "b@partner.example"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert sink.wait_for(1)


def test_without_signing_in_or_tls__is_refused(configured: Product):
    host, port = configured.submission
    clear = send(host, port, "scan@acme.example", "b@partner.example", b"x", auth=("scanner", "x"))
    assert str(clear.last).startswith("538 5.7.11")
    unsigned = send(host, port, "scan@acme.example", "b@partner.example", b"x", tls=True)
    assert str(unsigned.last) == "530 5.7.0 Authentication required"


def test_wrong_passwords__too_many__wait_but_for_whom_they_know(configured: Product, scanner: str, sink: Sink):
    answers = [str(submit(configured, "nobody", f"wrong{n}", "scan@acme.example").last)[:9] for n in range(4)]
    assert answers == ["535 5.7.8", "535 5.7.8", "535 5.7.8", "454 4.7.0"]
    assert submit(configured, "scanner", scanner, "scan@acme.example").is_accepted


def test_console_gone__database_and_broker__service_accounts_and_users_go_on(
    configured: Product, scanner: str, sink: Sink
):
    """Last: what it takes away does not come back."""
    assert until(configured, "scanner", scanner, "scan@acme.example").is_accepted
    broker, node = configured.pid_of("valkey"), configured.pid_of("transport-1")
    os.kill(broker, signal.SIGSTOP)
    gone = configured.home / "gone"
    gone.mkdir()
    for file in configured.home.glob("console.sqlite3*"):
        file.rename(gone / file.name)
    try:
        os.kill(node, signal.SIGKILL)
        assert until(configured, "scanner", scanner, "scan@acme.example", timeout_s=60).is_accepted
        assert until(configured, "admin.anna", PASSWORD, "admin.anna@acme.example").is_accepted
        assert sink.wait_for(3, timeout_s=30)
    finally:
        for file in configured.home.glob("console.sqlite3*"):
            file.unlink()
        for file in gone.iterdir():
            file.rename(configured.home / file.name)
        os.kill(broker, signal.SIGCONT)
