"""How many wrong passwords are too many, for whom, and for how long."""

import pytest

from transport.config.objects import Organization
from transport.listener.logon_failures import MAX_COUNTED, MAX_KEYS, LogonFailures
from transport.model.verdict import Action
from transport.rules import logons

HOME, AWAY = "10.1.2.0/24", "192.0.2.0/24"


def fail(failures, account, network, times, *, now=0.0):
    for _ in range(times):
        failures.failed(account, network, now)


def counts(failures, account, network, *, now=0.0):
    return failures.counts(account, network, window_s=900, now=now)


@pytest.mark.parametrize(
    ("peer", "network"),
    [("10.1.2.3", "10.1.2.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("127.0.0.1", "127.0.0.0/24")],
)
def test_network_of__address__is_what_one_household_has(peer, network):
    assert logons.network_of(peer) == network


@pytest.mark.parametrize(
    ("of_account", "of_network", "reply", "action"),
    [
        (0, 0, None, None),
        (9, 49, None, None),
        (10, 10, "454 4.7.0 Too many failed logons, try again later", Action.DEFER),
        (0, 50, "421 4.7.0 Too many failed logons from your network, closing", Action.DISCONNECT),
        (10, 50, "421 4.7.0 Too many failed logons from your network, closing", Action.DISCONNECT),
    ],
)
def test_throttled__at_the_limits__waits(of_account, of_network, reply, action):
    verdict = logons.throttled(
        Organization(), username="anna", network=HOME, of_account=of_account, of_network=of_network
    )
    assert (str(verdict.reply) if verdict else None, verdict.action if verdict else None) == (reply, action)


def test_throttled__no_limit__never_waits():
    free = Organization(max_failed_logons_per_account=None, max_failed_logons_per_network=None)
    assert logons.throttled(free, username="anna", network=HOME, of_account=1000, of_network=1000) is None


def test_throttled__reason__says_who_how_many_and_how_long():
    verdict = logons.throttled(Organization(), username="anna", network=HOME, of_account=12, of_network=0)
    assert verdict.reason == "AUTH is not tried: 12 wrong passwords for 'anna' within 15m; the limit is 10."


def test_counts__from_everywhere__are_of_the_account_and_of_each_network():
    failures = LogonFailures()
    fail(failures, "anna", HOME, 2)
    fail(failures, "anna", AWAY, 3)
    fail(failures, "otto", AWAY, 1)
    assert counts(failures, "anna", HOME) == (5, 2)
    assert counts(failures, "otto", AWAY) == (1, 4)


def test_counts__older_than_the_window__no_longer_count():
    failures = LogonFailures()
    fail(failures, "anna", HOME, 4, now=0.0)
    fail(failures, "anna", HOME, 1, now=600.0)
    assert counts(failures, "anna", HOME, now=899.0) == (5, 5)
    assert counts(failures, "anna", HOME, now=900.0) == (1, 1)
    assert counts(failures, "anna", HOME, now=1500.0) == (0, 0)


def test_counts__network_that_the_account_knows__is_not_locked_by_guesses_from_elsewhere():
    failures = LogonFailures()
    failures.succeeded("anna", HOME)
    fail(failures, "anna", AWAY, 20)
    assert counts(failures, "anna", HOME)[0] == 0
    assert counts(failures, "anna", AWAY)[0] == 20


def test_counts__known_network__is_no_free_pass_for_guesses_from_there():
    failures = LogonFailures()
    failures.succeeded("anna", HOME)
    fail(failures, "anna", HOME, 10)
    assert counts(failures, "anna", HOME)[0] == 10
    assert counts(failures, "otto", HOME) == (0, 10)


def test_succeeded__mistyping__is_forgiven_where_it_was_and_guesses_elsewhere_are_not():
    failures = LogonFailures()
    failures.succeeded("anna", HOME)
    fail(failures, "anna", HOME, 3)
    fail(failures, "anna", AWAY, 4)
    failures.succeeded("anna", HOME)
    assert counts(failures, "anna", HOME)[0] == 0
    assert counts(failures, "anna", AWAY) == (4, 4)


def test_succeeded__one_account__does_not_clear_the_networks_count():
    """Else a guesser with one account of its own would be free to guess at all others."""
    failures = LogonFailures()
    fail(failures, "anna", HOME, 30)
    failures.succeeded("mallory", HOME)
    assert counts(failures, "otto", HOME) == (0, 30)


def test_meant_by__another_name_of_the_account__counts_with_it():
    failures = LogonFailures()
    failures.learn("corp\\anna", "anna@corp.example")
    assert failures.meant_by("corp\\anna") == "anna@corp.example"
    assert failures.meant_by("otto") == "otto"


def test_failed__more_keys_and_times_than_are_kept__memory_is_bounded():
    failures = LogonFailures()
    fail(failures, "anna", HOME, MAX_COUNTED + 5)
    for number in range(MAX_KEYS + 5):
        failures.failed(f"user{number}", HOME, 0.0)
        failures.succeeded(f"user{number}", AWAY)
        failures.learn(f"alias{number}", f"user{number}")
    assert counts(failures, "anna", HOME) == (0, MAX_COUNTED)
    assert len(failures._of_account.times) <= MAX_KEYS
    assert len(failures._known) == len(failures._meant) == MAX_KEYS
