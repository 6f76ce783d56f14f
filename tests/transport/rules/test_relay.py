"""Each objection of a relay policy, and what does not object."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from transport.config.document import MailFlow, initial_document
from transport.config.objects import RelayPolicy
from transport.model.address import Address
from transport.model.session import SessionFacts, TlsFacts
from transport.rules import admission, relay
from transport.rules.ruleset import compile_ruleset

MONDAY_NOON = datetime(2027, 1, 4, 12, 0, tzinfo=UTC).timestamp()
THUMBPRINT = "ab" * 32
CERTIFIED = TlsFacts("TLSv1.3", "x", THUMBPRINT, "organizationName=Acme\\, Inc, commonName=Scanner-1")
SENDER, OUTSIDE = Address("app", "acme.example"), Address("bob", "out.example")


def policy(name="p", **fields):
    base = {"id": name, "name": name, "owner": "IT", "purpose": "scan"}
    return RelayPolicy(**(base | ({"networks": ("10.1.0.0/16",)} | fields)))


def facts(**fields):
    return replace(SessionFacts("s", "10.1.2.3", 1, "smtp", "default", 1, 0.0), **fields)


def ask(*policies, now=MONDAY_NOON, size=0, usage=None, **fields):
    ruleset = compile_ruleset(MailFlow(relay_policies=policies))
    return relay.grant(ruleset, facts(**fields), SENDER, OUTSIDE, size_bytes=size, now=now, usage=usage)


def because(*policies, **given):
    result = ask(*policies, **given)
    return "" if result.policy is not None else result.trail[0].because


@pytest.mark.parametrize("match", ["all", "any"])
@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("user", ["", "App"])
@pytest.mark.parametrize("tls", [None, CERTIFIED])
def test_grant__network_user_and_certificate__all_or_any(match, at, user, tls):
    three = policy(identities=("app",), client_certificates=(THUMBPRINT,), identity_match=match)
    fits = [at == 1, bool(user), tls is not None]
    peer = "10.1.2.3" if at else "192.0.2.9"
    granted = ask(three, peer=peer, identity=user, tls=tls).policy is not None
    assert granted == (all(fits) if match == "all" else any(fits))


@pytest.mark.parametrize(
    ("named", "is_granted"),
    [
        (THUMBPRINT.upper(), True),
        (":".join(["AB"] * 32), True),
        ("cd" * 32, False),
        ("CN=scanner-1", True),
        ("CN=scanner-1; O=Acme, Inc", True),
        ("CN=scanner-2", False),
        ("O=Inc", False),
        ("CN=scanner-1; O=Other", False),
    ],
)
def test_grant__certificate__by_thumbprint_or_subject(named, is_granted):
    result = ask(policy(networks=(), client_certificates=(named,)), tls=CERTIFIED)
    assert (result.policy is not None) == is_granted
    assert is_granted or "is not among its certificates" in result.trail[0].because


def test_grant__certificate_that_did_not_verify__is_none():
    by_subject = policy(networks=(), client_certificates=("CN=scanner-1",))
    unverified = TlsFacts("TLSv1.3", "x", "", "")
    assert because(by_subject, tls=unverified) == "Needs a client certificate: none was shown that verified."
    assert because(by_subject) == "Needs a client certificate: none was shown that verified."


@pytest.mark.parametrize(
    ("windows", "zone", "is_granted"),
    [
        (("Mon-Fri 07:00-19:00",), "UTC", True),
        (("Sat-Sun 00:00-24:00",), "UTC", False),
        (("Mon 13:00-14:00",), "UTC", False),
        (("Mon 13:00-14:00",), "Europe/Berlin", True),
        (("Sun 22:00-12:30",), "UTC", True),
        (("Sun 22:00-12:00",), "UTC", False),
        (("Tue 08:00-09:00", "daily 11:00-13:00"), "UTC", True),
    ],
)
def test_grant__time_window__holds_on_its_own_clock(windows, zone, is_granted):
    said = because(policy(time_windows=windows, timezone=zone))
    assert (said == "") == is_granted
    assert is_granted or said.startswith(f"Grants only {', '.join(windows)} ({zone}); it is Mon 1")


def test_grant__rate__is_that_of_the_client_and_the_refusal_says_how_much():
    rated = policy(max_messages_per_hour=5, max_messages_per_day=20)

    def sent(in_hour, in_day):
        return lambda policy_id, client: (in_hour, in_day) if (policy_id, client) == ("p", "10.1.2.3") else (0, 0)

    assert because(rated, usage=sent(4, 19)) == ""
    assert because(rated, usage=sent(5, 5)) == "10.1.2.3 sent 5 messages within an hour; the limit is 5."
    assert because(rated, usage=sent(0, 20)) == "10.1.2.3 sent 20 messages within a day; the limit is 20."
    assert because(rated, usage=sent(5, 20), peer="10.1.2.4") == ""
    assert ask(rated, usage=sent(5, 5)).is_spent and not ask(rated, usage=sent(5, 5), peer="192.0.2.1").is_spent
    assert because(rated) == ""


def test_grant__rate_spent__another_policy_may_grant():
    result = ask(policy("a", max_messages_per_hour=1), policy("b"), usage=lambda policy_id, client: (1, 1))
    assert result.policy is not None and result.policy.policy.id == "b" and len(result.trail) == 2


def test_client_of__user_then_certificate_then_address():
    assert relay.client_of(facts(identity="App", tls=CERTIFIED)) == "app"
    assert relay.client_of(facts(tls=CERTIFIED)) == THUMBPRINT
    assert relay.client_of(facts()) == "10.1.2.3"


def test_rcpt__rate_spent__is_refused_for_now():
    document = initial_document().model_copy(update={"relay_policies": (policy(max_messages_per_hour=1),)})
    given = {"size_bytes": 0, "lookup": None, "now": MONDAY_NOON, "usage": lambda policy_id, client: (1, 1)}
    verdict = admission.rcpt(compile_ruleset(document), facts(), SENDER, OUTSIDE, **given)
    assert verdict.reply == admission.RELAY_RATE and verdict.reply.is_temporary


def test_send_as__only_for_its_users_and_only_while_it_grants():
    grants = policy(networks=(), identities=("app",), send_as_addresses=("news@acme.example",), is_tls_required=True)
    ruleset = compile_ruleset(MailFlow(relay_policies=(grants,)))
    news = Address("news", "acme.example")

    def may(sender=news, **fields):
        return relay.send_as(ruleset, facts(**fields), sender, now=MONDAY_NOON) is not None

    assert may(identity="app", tls=CERTIFIED)
    assert not may(identity="app") and not may(identity="other", tls=CERTIFIED) and not may(tls=CERTIFIED)
    assert not may(SENDER, identity="app", tls=CERTIFIED)
