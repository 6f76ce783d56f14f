"""Guessing passwords over the wire: slowed down, counted for account and network, and no way around by many at once."""

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.listener import Passwords, connector, mail_flow, running
from transport.config.objects import Organization, PermissionGroup
from transport.ports.accounts import AuthAnswer, AuthResult

USERS = (PermissionGroup.EXCHANGE_USERS,)
LIMITS = Organization(max_failed_logons_per_account=3, max_failed_logons_per_network=6, failed_logon_window=60)


class Clock:
    def __init__(self):
        self.ahead_s = 0.0

    def __call__(self):
        return time.time() + self.ahead_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def passwords():
    return Passwords(anna="right", otto="right")


@pytest.fixture
def server(tls_context, passwords, clock):
    flow = mail_flow(connector(permission_groups=USERS, max_logon_failures=0), organization=LIMITS)
    with running(flow, tls_context=tls_context, authenticator=passwords, clock=clock) as started:
        yield started


@contextlib.contextmanager
def connected(server, source="127.0.0.1"):
    with server.greeted(source_address=source) as client:
        client.command("STARTTLS")
        client.start_tls()
        client.command("EHLO client.example")
        yield client


def guesses(server, user, *guessed, source="127.0.0.1"):
    with connected(server, source) as client:
        return [client.auth_plain(user, password).code for password in guessed]


def test_account__too_many_wrong__is_454_even_with_the_right_password_and_nobody_is_asked(server, passwords):
    assert guesses(server, "anna", "a", "b", "c", "right") == [535, 535, 535, 454]
    assert guesses(server, "ANNA", "right") == [454]
    assert len(passwords.asked) == 3
    assert server.refusals[-1].reason.startswith("AUTH is not tried: 3 wrong passwords for 'anna' within 1m")
    assert guesses(server, "otto", "right") == [235]


def test_account__window_is_over__may_try_again(server, clock):
    assert guesses(server, "anna", "a", "b", "c", "right") == [535, 535, 535, 454]
    clock.ahead_s = 61
    assert guesses(server, "anna", "right") == [235]


def test_account__known_network__signs_in_while_others_guess(server):
    assert guesses(server, "anna", "right") == [235]
    assert guesses(server, "anna", "a", "b", "c", "d", source="127.9.9.9") == [535, 535, 535, 454]
    assert guesses(server, "anna", "right") == [235]


def test_network__too_many_wrong_for_many_users__is_421_and_closes(server):
    for number in range(6):
        assert guesses(server, f"user{number}", "a") == [535]
    with connected(server, "127.0.0.77") as client:  # of the same /24
        assert client.auth_plain("anna", "right").text.startswith("421 4.7.0")
        client.expect_close()
    assert guesses(server, "anna", "right", source="127.9.9.9") == [235]


def test_cannot_tell__counts_for_nobody(server, passwords):
    passwords.is_down = True
    assert guesses(server, "anna", *"abcdef") == [454] * 6
    passwords.is_down = False
    assert guesses(server, "anna", "right") == [235]


def test_repeated__the_same_wrong_password__guesses_nothing_and_locks_nobody_out(server, passwords, monkeypatch):
    async def repeated(**options):
        return AuthAnswer(AuthResult.NO, reason="as before", is_repeated=True)

    monkeypatch.setattr(passwords, "check", repeated)
    assert guesses(server, "anna", *"aaaaaa") == [535] * 6
    monkeypatch.undo()
    assert guesses(server, "anna", "right") == [235]


def test_names__of_one_account__are_counted_together(server, passwords, monkeypatch):
    async def check(*, username, password, peer):
        return AuthAnswer(AuthResult.NO, reason="wrong", account="the-guid-of-anna")

    monkeypatch.setattr(passwords, "check", check)
    assert (
        guesses(server, "anna", "a") == guesses(server, "CORP\\anna", "b") == guesses(server, "anna@corp", "c") == [535]
    )
    assert guesses(server, "anna", "d") == guesses(server, "corp\\anna", "e") == [454]


def test_many_at_once__no_more_are_tried_than_the_limit(server, passwords, monkeypatch):
    """Each waits for the one before it: parallel connections are no way around the count."""
    asked = []

    async def slow(*, username, password, peer):
        asked.append(password)
        await asyncio.sleep(0.05)
        return AuthAnswer(AuthResult.NO, reason="wrong")

    monkeypatch.setattr(passwords, "check", slow)
    with ThreadPoolExecutor(12) as pool:
        codes = [code for codes in pool.map(lambda n: guesses(server, "anna", f"p{n}"), range(12)) for code in codes]
    assert sorted(codes) == [454] * 9 + [535] * 3
    assert len(asked) == 3
    assert server.call(lambda: server.listener._context.logon_failures._turns) == {}


def test_answer__however_long_it_took_to_find_out__comes_after_the_tarpit(tls_context, monkeypatch):
    """The time to the answer does not tell whether there is such an account."""

    class Slow(Passwords):
        async def check(self, **options):
            await asyncio.sleep(0.4 if options["username"] == "anna" else 0)
            return await super().check(**options)

    flow = mail_flow(connector(permission_groups=USERS, auth_tarpit_interval=1))
    with running(flow, tls_context=tls_context, authenticator=Slow(anna="right")) as server:
        took = []
        for user in ("anna", "nobody"):
            with connected(server) as client:
                began = time.monotonic()
                assert client.auth_plain(user, "wrong").code == 535
                took.append(time.monotonic() - began)
    assert min(took) >= 0.95 and max(took) < 1.35
