"""When it is tried again, when it is given up, when a delay is told."""

import pytest

from transport.config.objects import Organization
from transport.rules import retry
from transport.rules.retry import RetryPolicy

NOW = 1_800_000_000.0
POLICY = RetryPolicy.of(Organization())


@pytest.mark.parametrize(
    ("attempts", "wait_s"), [(0, 60), (1, 60), (4, 60), (5, 300), (10, 300), (11, 600), (500, 600)]
)
def test_ladder__is_exchanges(attempts, wait_s):
    at = retry.next_attempt_at(POLICY, attempts=attempts, now=NOW, expires_at=NOW + 172_800, jitter=0.5)
    assert at == NOW + wait_s


@pytest.mark.parametrize(("jitter", "wait_s"), [(0.0, 54.0), (0.5, 60.0), (1.0, 66.0)])
def test_jitter__is_a_tenth_either_way(jitter, wait_s):
    at = retry.next_attempt_at(POLICY, attempts=1, now=NOW, expires_at=NOW + 172_800, jitter=jitter)
    assert at == pytest.approx(NOW + wait_s)


def test_last_try__is_at_expiry():
    assert retry.next_attempt_at(POLICY, attempts=1, now=NOW, expires_at=NOW + 10, jitter=0.5) == NOW + 10


@pytest.mark.parametrize("expires_at", [NOW, NOW - 1])
def test_expired__is_not_tried_again(expires_at):
    assert retry.next_attempt_at(POLICY, attempts=1, now=NOW, expires_at=expires_at, jitter=0.5) is None
    assert retry.is_expired(now=NOW, expires_at=expires_at)
    assert not retry.is_expired(now=NOW, expires_at=NOW + 1)


def test_queue__has_the_same_ladder_but_never_expires():
    assert retry.queue_retry_at(POLICY, failures=1, now=NOW, jitter=0.5) == NOW + 60
    assert retry.queue_retry_at(POLICY, failures=1000, now=NOW, jitter=0.5) == NOW + 600


@pytest.mark.parametrize(
    ("age_s", "is_sent", "is_enabled", "is_due"),
    [
        (14_399, False, True, False),
        (14_400, False, True, True),
        (14_400, True, True, False),
        (14_400, False, False, False),
    ],
)
def test_delay_notification(age_s, is_sent, is_enabled, is_due):
    policy = RetryPolicy.of(Organization(is_delay_dsn_enabled=is_enabled))
    assert retry.is_delay_dsn_due(policy, received_at=NOW - age_s, now=NOW, is_sent=is_sent) is is_due
