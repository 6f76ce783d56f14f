"""As whom somebody who signed in may send."""

from dataclasses import replace

import pytest

from tests.transport.rules.test_admission import NOW, document, policy
from transport.config.objects import Organization, PermissionGroup, ReceiveConnector, SenderOwnership, ServiceAccount
from transport.model.address import NULL, parse_mailbox
from transport.model.session import SessionFacts, TlsFacts
from transport.rules import admission, ownership, replaying
from transport.rules.ruleset import compile_ruleset

ANNA = SessionFacts("s", "10.9.9.9", 1, "submission", "client", 1, NOW, identity="anna@corp.example",
                    addresses=("anna@acme.example", "a.b@acme.example"), tls=TlsFacts("TLSv1.3", "x"))  # fmt: skip
SEND_AS = {"networks": (), "identities": ("anna@corp.example",), "send_as_addresses": ("info@acme.example",)}


def connector(asked=SenderOwnership.ENVELOPE_AND_HEADER):
    return ReceiveConnector(
        id="client", name="Client", permission_groups=(PermissionGroup.EXCHANGE_USERS,), sender_ownership=asked
    )


def mail(sender, *, facts=ANNA, asked=SenderOwnership.ENVELOPE_AND_HEADER, now=NOW, **sections):
    doc = document(receive_connectors=(connector(asked),), **sections)
    address = parse_mailbox(sender) if sender else NULL
    return admission.mail(compile_ruleset(doc), facts, address, declared_size_bytes=0, now=now)


@pytest.mark.parametrize("sender", ["anna@acme.example", "ANNA@Acme.Example", "a.b@acme.example", ""])
def test_mail__own_address_in_any_case_or_null__is_taken(sender):
    assert mail(sender).is_accepted


@pytest.mark.parametrize("sender", ["info@acme.example", "anna@acme.example.evil.example", "anna+x@acme.example"])
def test_mail__not_the_users__is_550_5_7_60_and_says_why(sender):
    verdict = mail(sender)
    assert str(verdict.reply) == "550 5.7.60 Client does not have permissions to send as this sender"
    assert "is not anna@corp.example's (who has anna@acme.example, a.b@acme.example)" in verdict.reason
    assert verdict.trail[0].kind == "sender_ownership"


def test_mail__connector_does_not_ask__is_taken():
    assert mail("ceo@acme.example", asked=SenderOwnership.NONE).is_accepted


def test_mail__nobody_signed_in__is_not_asked():
    groups = (PermissionGroup.ANONYMOUS_USERS,)
    anonymous = connector().model_copy(update={"permission_groups": groups})
    ruleset = compile_ruleset(document(receive_connectors=(anonymous,)))
    facts = replace(ANNA, identity="", addresses=())
    address = parse_mailbox("ceo@acme.example")
    assert admission.mail(ruleset, facts, address, declared_size_bytes=0, now=NOW).is_accepted


def test_mail__plus_addressing__is_who_stands_before_the_plus():
    organization = Organization(is_plus_addressing_enabled=True)
    assert mail("anna+news@acme.example", organization=organization).is_accepted
    assert not mail("info+anna@acme.example", organization=organization).is_accepted
    assert not mail("anna+@acme.example.evil.example", organization=organization).is_accepted


def test_mail__granted_by_a_policy__is_taken():
    assert mail("info@acme.example", relay_policies=(policy(**SEND_AS),)).is_accepted


@pytest.mark.parametrize(
    "changes",
    [
        {"identities": ("otto@corp.example",)},
        {"is_enabled": False},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"networks": ("192.0.2.0/24",)},
        {"time_windows": ("Mon-Sun 00:00-00:01",)},
        {"send_as_addresses": ("sales@acme.example",)},
    ],
)
def test_mail__policy_that_does_not_fit__grants_no_sender(changes):
    assert not mail("info@acme.example", relay_policies=(policy(**SEND_AS | changes),)).is_accepted


def test_mail__policy_that_needs_tls__grants_no_sender_without():
    granting = policy(**SEND_AS, is_tls_required=True)
    facts = replace(ANNA, tls=None)
    ruleset = compile_ruleset(document(receive_connectors=(connector(),), relay_policies=(granting,)))
    assert ownership.envelope(ruleset, ANNA, parse_mailbox("info@acme.example"), now=NOW) is None
    assert ownership.envelope(ruleset, facts, parse_mailbox("info@acme.example"), now=NOW) is not None


def test_header__each_author__must_be_the_users():
    ruleset = compile_ruleset(document(receive_connectors=(connector(),)))
    own, other = parse_mailbox("anna@acme.example"), parse_mailbox("ceo@acme.example")
    assert ownership.header(ruleset, ANNA, [own], now=NOW) is None
    assert ownership.header(ruleset, ANNA, [], now=NOW) is None
    assert "From ceo@acme.example is not" in ownership.header(ruleset, ANNA, [own, other], now=NOW).reason
    assert "can't be read" in ownership.header(ruleset, ANNA, None, now=NOW).reason


@pytest.mark.parametrize(("asked", "is_asked"), list(zip(SenderOwnership, (False, False, True), strict=True)))
def test_header__is_asked__only_where_the_connector_says_so(asked, is_asked):
    assert ownership.asks_header(connector(asked), ANNA) is is_asked


def test_replay__what_a_user_owned_is_not_recorded__is_no_difference():
    """Else each session of a directory's user would look refused in the impact of any change."""
    account = ServiceAccount(id="s", name="S", username="Scan", addresses=("scan@acme.example",), password_secret="s",
                             owner="IT", purpose="scan")  # fmt: skip
    both = connector().model_copy(update={"bindings": ("submission",)})
    ruleset = compile_ruleset(document(receive_connectors=(both,), service_accounts=(account,)))

    def reply(identity, sender):
        facts = replace(ANNA, identity=identity, addresses=())
        question = admission.DecisionInput(facts, parse_mailbox(sender), None)
        return replaying.replay(ruleset, question, lookup=None, now=NOW).is_accepted

    assert reply("anna@corp.example", "whoever@acme.example")
    assert reply("scan", "scan@acme.example") and not reply("scan", "ceo@acme.example")
