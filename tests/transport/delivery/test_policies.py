"""TLS by level, and how many connections a next hop gets."""

import pytest

from transport.config.objects import TlsLevel
from transport.delivery import tls_policy
from transport.delivery.concurrency import GROWTH_PER_DELIVERY, LONGEST_PAUSE_S, PAUSE_S, START, Concurrency
from transport.delivery.tls_policy import TlsStep

CLEAR, TLS, REFUSE = TlsStep.CLEAR, TlsStep.START_TLS, TlsStep.REFUSE


@pytest.mark.parametrize(
    ("level", "offered", "offered_but_failed", "not_offered"),
    [
        (TlsLevel.NONE, CLEAR, CLEAR, CLEAR),
        (TlsLevel.OPPORTUNISTIC, TLS, CLEAR, CLEAR),
        (TlsLevel.ENCRYPTION_ONLY, TLS, TLS, REFUSE),
        (TlsLevel.CERTIFICATE_VALIDATION, TLS, TLS, REFUSE),
        (TlsLevel.DOMAIN_VALIDATION, TLS, TLS, REFUSE),
    ],
)
def test_step__every_level_and_server(level, offered, offered_but_failed, not_offered):
    assert tls_policy.step(level, is_offered=True, has_failed=False) is offered
    assert tls_policy.step(level, is_offered=True, has_failed=True) is offered_but_failed
    assert tls_policy.step(level, is_offered=False, has_failed=False) is not_offered
    assert tls_policy.may_fall_back(level) is (offered_but_failed is CLEAR)


@pytest.mark.parametrize(
    ("level", "chain", "name"),
    [
        (TlsLevel.OPPORTUNISTIC, False, False),
        (TlsLevel.ENCRYPTION_ONLY, False, False),
        (TlsLevel.CERTIFICATE_VALIDATION, True, False),
        (TlsLevel.DOMAIN_VALIDATION, True, True),
    ],
)
def test_verification(level, chain, name):
    found = tls_policy.verification(level)
    assert (found.is_chain_required, found.is_name_required) == (chain, name)


def test_sentences__every_step_has_one():
    assert all(step.sentence.endswith(".") for step in TlsStep)


def may_open(concurrency, *, connected=0, connecting=0, backlog=1, now=0.0):
    return concurrency.may_open(connected=connected, connecting=connecting, backlog=backlog, now=now)


def test_connections__one_for_the_first_message_none_without_any():
    concurrency = Concurrency(20)
    assert may_open(concurrency) and not may_open(concurrency, backlog=0)
    assert not may_open(concurrency, connecting=1, backlog=1000)  # a dead next hop is asked once


def test_connections__grow_with_backlog_and_success_up_to_the_maximum():
    concurrency = Concurrency(8)
    assert not may_open(concurrency, connected=1, backlog=3)
    assert may_open(concurrency, connected=1, backlog=10)
    assert not may_open(concurrency, connected=int(START), backlog=1000)
    for _ in range(int(100 / GROWTH_PER_DELIVERY)):
        concurrency.delivered()
    assert concurrency.limit == 8
    assert may_open(concurrency, connected=7, backlog=1000) and not may_open(concurrency, connected=8, backlog=1000)


def test_connections__fall_when_refused_and_rest_for_a_while():
    concurrency = Concurrency(20)
    concurrency.refused(connected=2, now=100.0)
    assert concurrency.limit == 2
    assert not may_open(concurrency, connected=1, backlog=1000, now=100.0)
    assert may_open(concurrency, connected=1, backlog=1000, now=100.0 + PAUSE_S)
    concurrency.refused(connected=0, now=200.0)
    assert concurrency.limit == 1 and may_open(concurrency, now=200.0)


def test_connections__refused_again_and_again__are_asked_for_less_and_less_often():
    concurrency, now = Concurrency(20), 100.0
    for _ in range(20):
        concurrency.refused(connected=2, now=now, reason="421 too many")
        concurrency.delivered()
        now += PAUSE_S + 1
    concurrency.refused(connected=2, now=now, reason="421 too many")
    for _ in range(1000):
        concurrency.delivered()
    assert concurrency.limit > 2
    assert not may_open(concurrency, connected=2, backlog=1000, now=now + LONGEST_PAUSE_S - 1)
    assert may_open(concurrency, connected=2, backlog=1000, now=now + LONGEST_PAUSE_S)


def test_connections__it_is_said_why_there_are_no_more():
    concurrency = Concurrency(8)
    assert "up to the send connector's maximum of 8" in concurrency.because
    concurrency.refused(connected=3, now=0.0, reason="421 4.7.0 enough")
    assert "421 4.7.0 enough" in concurrency.because
    for _ in range(10_000):
        concurrency.delivered()
    assert concurrency.because == "The send connector's maximum."
