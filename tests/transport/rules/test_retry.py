"""When it is tried again, when it is given up, when a delay is told."""

import pytest
from pydantic import ValidationError

from transport.config.document import MailFlow
from transport.config.objects import AddressSpace, Organization, SendConnector
from transport.model.address import Address
from transport.model.reply import Reply
from transport.rules import greylisting, retry
from transport.rules.closing import Closing, closing
from transport.rules.dsn_audience import OurSenders
from transport.rules.retry import RetryPolicies, RetryPolicy

NOW = 1_800_000_000.0
POLICY = RetryPolicy.of(Organization(), OurSenders())
ANNA = Address("anna", "acme.example")


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
    policy = RetryPolicy.of(Organization(is_delay_dsn_enabled=is_enabled), OurSenders())
    assert retry.is_delay_dsn_due(policy, sender=ANNA, received_at=NOW - age_s, now=NOW, is_sent=is_sent) is is_due


def connector(ladder):
    return SendConnector(id="out", name="Out", address_spaces=(AddressSpace(domain="*"),), retry_ladder=ladder)


def test_connector__its_own_ladder_else_the_organisations():
    policies = RetryPolicies.of(MailFlow(send_connectors=(connector("10s..."),)))
    assert retry.queue_retry_at(policies.get("out"), failures=1, now=NOW, jitter=0.5) == NOW + 10
    assert retry.queue_retry_at(policies.get("other"), failures=1, now=NOW, jitter=0.5) == NOW + 60
    assert policies.get("out").expiration_s == policies.default.expiration_s
    plain = RetryPolicies.of(MailFlow(send_connectors=(connector(""),)))
    assert plain.get("out") is plain.default


@pytest.mark.parametrize("ladder", ["1m", "soon...", "1m*0x...", "40d..."])
def test_connector__a_ladder_that_cannot_be_read_is_refused(ladder):
    with pytest.raises(ValidationError, match="retry ladder"):
        connector(ladder)


@pytest.mark.parametrize(
    ("text", "is_greylisting"),
    [
        ("450 4.2.0 <b@x.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch", True),
        ("451 4.7.1 Greylisting in action, please come back later", True),
        ("451 4.7.1 Please try again later", True),
        ("450 4.7.1 delayed, try again", True),
        ("450 4.3.0 graylisted", True),
        ("450 4.7.1 Client host rejected: cannot find your hostname", False),
        ("450 4.2.1 mailbox busy", False),
        ("451 4.3.0 try again later", False),
        ("421 4.7.1 greylisted", False),
        ("550 5.7.1 greylisted for ever", False),
    ],
)
def test_greylisting__is_told_from_other_deferrals(text, is_greylisting):
    code, enhanced, words = text.split(" ", 2)
    assert greylisting.is_greylisting(Reply(int(code), enhanced, words)) is is_greylisting


@pytest.mark.parametrize(
    ("words", "attempts", "ladder_s", "wait_s"),
    [
        ("Greylisted, try again in 300 seconds", 1, 600, 300),
        ("Greylisted for 5 minutes", 9, 600, 300),
        ("Greylisted, retry in 00:04:55", 1, 600, 295),
        ("Greylisted, retry in 04:55", 1, 600, 295),
        ("Greylisted for 99999 hours", 1, 600, 3600),
        ("Greylisted, 0 s", 1, 600, 60),
        ("Greylisted", 1, 600, 60),
        ("Greylisted", 2, 600, 120),
        ("Greylisted", 3, 600, 300),
        ("Greylisted", 99, 1800, 900),
        ("Greylisted", 1, 10, 10),
    ],
)
def test_greylisting__is_tried_again_soon_or_when_the_server_says(words, attempts, ladder_s, wait_s):
    reply = Reply(451, "4.7.1", words)
    assert greylisting.wait_s(reply, attempts=attempts, ladder_s=ladder_s) == wait_s
    policy = RetryPolicy.of(Organization(retry_ladder=f"{ladder_s}s..."), OurSenders())
    ats = [
        retry.next_attempt_at(policy, attempts=attempts, now=NOW, expires_at=NOW + 172_800, jitter=jitter, reply=reply)
        for jitter in (0.0, 1.0)
    ]
    assert ats == [NOW + wait_s, pytest.approx(NOW + wait_s * 1.1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("421 4.3.2 mx.example too many connections, try later", Closing.TOO_MANY),
        ("421 4.7.0 mail.example Error: too many connections from 192.0.2.1", Closing.TOO_MANY),
        ("421 4.4.5 Server busy", Closing.TOO_MANY),
        ("421 4.7.28 unusual rate of mail", Closing.TOO_MANY),
        ("421 4.3.2 Service shutting down", Closing.SHUTTING_DOWN),
        ("421 4.3.2 Service not active", Closing.SHUTTING_DOWN),
        ("421 - Service not available, closing transmission channel", Closing.SHUTTING_DOWN),
        ("421 4.4.2 timeout", Closing.UNSAID),
        ("451 4.3.2 too many connections", None),
    ],
)
def test_closing__what_a_421_is_about(text, expected):
    code, enhanced, words = text.split(" ", 2)
    assert closing(Reply(int(code), enhanced.strip("-"), words)) is expected
    assert closing(None) is None
    assert all(one.sentence.endswith(".") for one in Closing)
