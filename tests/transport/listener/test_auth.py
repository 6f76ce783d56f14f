"""AUTH PLAIN and LOGIN, over TLS only; yes, no, cannot tell."""

import time
from base64 import b64encode

import pytest

from tests.support.listener import Passwords, connector, mail_flow, running
from transport.config.objects import AuthMechanism, PermissionGroup, TlsMode
from transport.model.event import EventId

USERS = (PermissionGroup.EXCHANGE_USERS,)


@pytest.fixture
def passwords():
    return Passwords(anna="right", björn="pässword")


@pytest.fixture
def server(loop, tls_context, passwords):
    flow = mail_flow(connector(permission_groups=USERS))
    with running(flow, loop=loop, tls_context=tls_context, authenticator=passwords) as started:
        yield started


@pytest.fixture
def client(server):
    with server.greeted() as connected:
        connected.command("STARTTLS")
        connected.start_tls()
        assert "250 AUTH LOGIN PLAIN" in connected.command("EHLO client.example").text
        yield connected


def plain(user, password, authorize=""):
    return b64encode(f"{authorize}\0{user}\0{password}".encode()).decode()


def test_plain__right_password__may_send_and_is_told(client, server):
    assert client.command("MAIL FROM:<a@x.example>").text == "530 5.7.0 Authentication required"
    assert client.auth_plain("anna", "right").text.startswith("235 2.7.0")
    assert "AUTH" not in client.command("EHLO client.example").text
    client.command("MAIL FROM:<anna@acme.example>")
    client.command("RCPT TO:<b@acme.example>")
    client.command("DATA")
    assert client.data(b"x\r\n").code == 250
    assert server.intake.messages[0].identity == "anna@acme.example"
    assert b"with ESMTPSA" in server.intake.messages[0].body
    assert server.intake.happened(EventId.RECEIVE)[0].detail["identity"] == "anna@acme.example"


def test_plain__challenge__is_empty_and_answered(client, passwords):
    assert client.command("AUTH PLAIN").text == "334 "
    assert client.command(plain("björn", "pässword")).code == 235
    assert passwords.asked == [("björn", "pässword")]


def test_login__challenges__are_answered(client):
    assert client.command("auth login").text == f"334 {b64encode(b'Username:').decode()}"
    assert client.command(b64encode(b"anna").decode()).text == f"334 {b64encode(b'Password:').decode()}"
    assert client.command(b64encode(b"right").decode()).code == 235


def test_login__initial_response__is_the_user(client):
    assert client.command(f"AUTH LOGIN {b64encode(b'anna').decode()}").code == 334
    assert client.command(b64encode(b"right").decode()).code == 235


def test_exchange__pipelined__keeps_its_order(client):
    client.send_bytes(f"AUTH PLAIN\r\n{plain('anna', 'right')}\r\nNOOP\r\n".encode())
    assert [client.expect_reply().code for _ in range(3)] == [334, 235, 250]


def test_plain__wrong_password__is_535_told_and_ends_after_three(client, server):
    assert client.auth_plain("anna", "wrong").text.startswith("535 5.7.8")
    assert client.auth_plain("nobody", "right").code == 535
    assert client.auth_plain("anna", "").code == 535
    client.expect_close()
    assert [e.detail["stage"] for e in server.refusals] == ["auth"] * 3
    assert [e.detail.get("limit") for e in server.refusals] == [None, None, "MaxLogonFailures"]
    assert "right" not in str(server.refusals) and "wrong password" in server.refusals[0].reason


def test_plain__cannot_tell__is_454_and_no_failed_logon(client, passwords, server):
    passwords.is_down = True
    for _ in range(5):
        assert client.auth_plain("anna", "right").text.startswith("454 4.7.0")
    assert server.refusals[0].detail["action"] == "defer"
    passwords.is_down = False
    assert client.auth_plain("anna", "right").code == 235


def test_plain__authenticator_breaks__is_454(client, passwords, monkeypatch):
    async def explode(**options):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(passwords, "check", explode)
    assert client.auth_plain("anna", "right").text == "454 4.7.0 Temporary authentication failure"


def test_exchange__cancelled_or_broken__goes_on(client):
    client.command("AUTH LOGIN")
    assert client.command("*").text.startswith("501 5.7.0")
    client.command("AUTH PLAIN")
    assert client.command("!!!").text.startswith("501 5.5.2")
    client.command("AUTH PLAIN")
    assert client.command("x" * 20_000).text.startswith("500 5.5.6")
    assert client.command("AUTH PLAIN ====").code == 501
    assert client.command("AUTH PLAIN " + b64encode(b"no zeros").decode()).code == 501
    assert client.auth_plain("anna", "right").code == 235
    assert client.auth_plain("anna", "right").text.startswith("503 5.5.1")


def test_exchange__cancelled_without_end__closes(client):
    codes: list[int] = []
    while 421 not in codes and len(codes) < 120:
        client.command("AUTH LOGIN")
        codes.append(client.command("*").code)
    assert codes[:90] == [501] * 90 and codes[-1] == 421
    client.expect_close()


@pytest.mark.parametrize("argument", ["AUTH PLAIN \u00e9", "AUTH LOGIN \u00e9", "AUTH PLAIN \u00e9\u00e9\u00e9\u00e9"])
def test_initial_response__not_ascii__is_501(client, argument):
    assert client.command(argument).code == 501
    assert client.auth_plain("anna", "right").code == 235


def test_login__control_characters__are_wrong_unasked(client, passwords, server):
    user = b64encode(b"an\0\r\nna").decode()
    client.command(f"AUTH LOGIN {user}")
    assert client.command(b64encode(b"right").decode()).code == 535
    assert passwords.asked == []
    assert server.refusals[0].reason.startswith("AUTH as 'an???na'")


@pytest.mark.parametrize("submitter", ["<>", "anna+40acme.example", "anna@acme.example"])
def test_mail__names_the_submitter__is_taken_and_ignored(client, server, submitter):
    """RFC 4954 5; sendmail says it to each server that offers AUTH."""
    client.auth_plain("anna", "right")
    assert client.command(f"MAIL FROM:<anna@acme.example> AUTH={submitter}").code == 250
    assert client.command("RSET").code == 250
    assert client.command("MAIL FROM:<a@x.example> AUTH=a+zz").text.startswith("501 5.5.4 AUTH is")


def test_mechanism__unknown__is_504(client):
    assert client.command("AUTH CRAM-MD5").text.startswith("504 5.5.4")
    assert client.command("AUTH").code == 504


def test_transaction_open__is_503(server, tls_context, passwords):
    groups = (PermissionGroup.ANONYMOUS_USERS, *USERS)
    flow = mail_flow(connector(permission_groups=groups))
    with running(flow, tls_context=tls_context) as both, both.greeted() as client:
        client.command("STARTTLS")
        client.start_tls()
        client.command("EHLO x")
        client.command("MAIL FROM:<a@x.example>")
        assert client.auth_plain("anna", "right").text.startswith("503 5.5.1")


def test_in_clear__is_538_and_nothing_is_asked(server, passwords):
    with server.greeted() as client:
        assert "AUTH" not in client.command("EHLO client.example").text
        assert client.auth_plain("anna", "right").text.startswith("538 5.7.11")
    assert passwords.asked == []


def test_in_clear_too_but_tls_required__is_538_until_starttls(tls_context, passwords):
    """Validation and reviewers take such a connector for one that sees no password in clear."""
    flow = mail_flow(
        connector(permission_groups=USERS, auth_mechanism=AuthMechanism.BASIC_AUTH, tls_mode=TlsMode.REQUIRED)
    )
    with running(flow, tls_context=tls_context, authenticator=passwords) as server, server.greeted() as client:
        assert "AUTH" not in client.command("EHLO client.example").text
        assert client.auth_plain("anna", "right").text.startswith("538 5.7.11")
        assert passwords.asked == []
        client.command("STARTTLS")
        client.start_tls()
        assert "250 AUTH LOGIN PLAIN" in client.command("EHLO client.example").text
        assert client.auth_plain("anna", "right").code == 235


def test_no_users__is_not_offered(tls_context):
    with running(tls_context=tls_context) as server, server.greeted() as client:
        assert client.auth_plain("anna", "right").text.startswith("502 5.5.1")


def test_wrong_password__is_slowed_down_and_later_replies_wait(tls_context, passwords, loop):
    flow = mail_flow(connector(permission_groups=USERS, auth_tarpit_interval=1))
    options = {"tls_context": tls_context, "authenticator": passwords}
    with running(flow, loop=loop, **options) as server, server.greeted() as client:
        client.command("STARTTLS")
        client.start_tls()
        client.command("EHLO x")
        began = time.monotonic()
        client.send_bytes(f"AUTH PLAIN {plain('anna', 'wrong')}\r\nNOOP\r\n".encode())
        assert [client.expect_reply().code for _ in range(2)] == [535, 250]
        assert time.monotonic() - began >= 0.9
