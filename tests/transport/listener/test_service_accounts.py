"""Service accounts of ours sign in: by a hash that the node has, off the event loop, without a database."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.accounts import PASSWORD, Secrets, service_account
from tests.support.listener import Passwords, connector, mail_flow, running
from tests.support.smtp import send
from tests.transport.listener.test_logons import connected, guesses
from transport.config.document import initial_document
from transport.config.objects import PermissionGroup
from transport.rules import passwords

ACCOUNT = service_account()
GROUPS = (PermissionGroup.EXCHANGE_USERS,)


def flow(*accounts, **fields):
    return mail_flow(connector(permission_groups=GROUPS, max_logon_failures=0, **fields), service_accounts=accounts)


@pytest.fixture
def vault():
    return Secrets(ACCOUNT)


@pytest.fixture
def server(tls_context, vault):
    with running(flow(ACCOUNT), tls_context=tls_context, secrets=vault) as started:
        yield started


@pytest.fixture
def looked_at(monkeypatch):
    """The passwords that were hashed, and in which threads."""
    found = []
    real = passwords.is_right

    def noting(stored, password):
        found.append((password, threading.current_thread().name))
        return real(stored, password)

    monkeypatch.setattr(passwords, "is_right", noting)
    return found


def test_right_password__signs_in_in_any_case_and_owns_its_addresses(server):
    with connected(server) as client:
        assert client.auth_plain("SCANNER", PASSWORD).code == 235
        assert client.command("MAIL FROM:<ceo@acme.example>").text.startswith("550 5.7.60")
        assert client.command("MAIL FROM:<Scanner@ACME.example>").code == 250
        client.command("RCPT TO:<b@acme.example>")
        client.command("DATA")
        assert client.data(b"From: scanner@acme.example\r\n\r\nx\r\n").code == 250
    assert server.intake.messages[0].identity == "scanner"


@pytest.mark.parametrize(
    "header", [b"From: ceo@acme.example\r\n", b"From: scanner@acme.example\r\nFROM: ceo@acme.example\r\n"]
)
def test_from_field__not_its_own__is_550_5_7_60_after_the_data(server, header):
    with connected(server) as client:
        client.auth_plain("scanner", PASSWORD)
        client.command("MAIL FROM:<scanner@acme.example>")
        client.command("RCPT TO:<b@acme.example>")
        client.command("DATA")
        assert client.data(header + b"\r\nx\r\n").text.startswith("550 5.7.60")
    assert server.intake.messages == []
    assert server.refusals[-1].detail["stage"] == "data"


def test_wrong_password__is_535_and_the_same_again_is_not_hashed_or_counted_again(server, looked_at):
    assert guesses(server, "scanner", *["wrong"] * 15) == [535] * 15
    assert [password for password, _ in looked_at] == ["wrong"]
    assert guesses(server, "scanner", PASSWORD) == [235]
    assert server.refusals[0].reason == "AUTH as 'scanner': wrong password of the service account Scanner"
    assert "the same wrong password as before" in server.refusals[1].reason
    assert PASSWORD not in str(server.intake.events)


def test_right_password__again__costs_no_hash(server, looked_at):
    assert guesses(server, "scanner", PASSWORD) == guesses(server, "scanner", PASSWORD) == [235]
    assert len(looked_at) == 1


def test_new_password__the_old_one_is_over_at_once(server, vault):
    assert guesses(server, "scanner", PASSWORD) == [235]
    vault[ACCOUNT.password_secret] = passwords.make_hash("another")
    assert guesses(server, "scanner", PASSWORD, "another") == [535, 235]


def test_unknown_user__costs_the_same_work(server, looked_at):
    assert guesses(server, "nobody", "wrong") == guesses(server, "scanner", "wrong") == [535]
    assert [name.startswith("passwords") for _, name in looked_at] == [True, True]


def test_many_at_once__are_hashed_in_few_threads_beside_the_loop(server, looked_at):
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda number: guesses(server, f"u{number}", "wrong"), range(8)))
    assert codes == [[535]] * 8
    assert {name for _, name in looked_at} <= {"passwords_0", "passwords_1"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"is_enabled": False}, "is disabled"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expired on 2020-01-01 00:00 UTC"),
    ],
)
def test_account__that_may_not__is_535_with_the_right_password_too(tls_context, vault, fields, reason):
    with running(flow(service_account(**fields)), tls_context=tls_context, secrets=vault) as server:
        assert guesses(server, "scanner", PASSWORD) == [535]
        assert reason in server.refusals[0].reason


@pytest.mark.parametrize("stored", [passwords.UNSET, "", "plain text", "$argon2id$broken"])
def test_secret__that_is_no_hash__lets_nobody_in(tls_context, vault, stored):
    vault[ACCOUNT.password_secret] = stored
    with running(flow(ACCOUNT), tls_context=tls_context, secrets=vault) as server:
        assert guesses(server, "scanner", stored, PASSWORD) == [535, 535]


def test_secret__not_here__is_454_and_no_failed_logon(tls_context):
    with running(flow(ACCOUNT), tls_context=tls_context, secrets=Secrets()) as server:
        assert guesses(server, "scanner", *[PASSWORD] * 12) == [454] * 12
        assert "can't be read: the secret 'scanner.1' is not known here" in server.refusals[0].reason


def test_user_name__of_an_account_of_ours__is_never_asked_elsewhere(tls_context, vault):
    others = Passwords(scanner="theirs", anna="right")
    with running(flow(ACCOUNT), tls_context=tls_context, secrets=vault, authenticator=others) as server:
        assert guesses(server, "scanner", "theirs", PASSWORD) == [535, 235]
        assert guesses(server, "anna", "right") == [235]
    assert others.asked == [("anna", "right")]


def test_hashing__does_not_hold_up_other_sessions(server):
    with connected(server) as waiting, ThreadPoolExecutor(6) as pool:
        busy = [pool.submit(guesses, server, f"u{number}", "wrong") for number in range(6)]
        slowest = 0.0
        for _ in range(20):
            began = time.monotonic()
            assert waiting.command("NOOP").code == 250
            slowest = max(slowest, time.monotonic() - began)
        assert all(future.result() == [535] for future in busy)
    assert slowest < 1.0


def test_new_installation__submission__asks_for_tls_and_then_for_a_user(tls_context, vault):
    """As Exchange's Client Frontend."""
    document = initial_document().model_copy(update={"service_accounts": (ACCOUNT,)})
    with running(document, tls_context=tls_context, secrets=vault) as server:
        host, port = server.address("submission")
        envelope = ("scanner@acme.example", "b@partner.example", b"x\r\n")
        assert str(send(host, port, *envelope).last) == "530 5.7.0 Must issue a STARTTLS command first"
        assert str(send(host, port, *envelope, tls=True).last) == "530 5.7.0 Authentication required"
        signed_in = send(host, port, *envelope, tls=True, auth=("scanner", PASSWORD))
        assert [reply.code for reply in signed_in.replies[-2:]] == [250, 550]  # MAIL is taken; relaying needs a policy
