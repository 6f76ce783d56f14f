"""The organisation's largest messages: whom they hold for, who is exempt, what SIZE and the page say."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.listener import connector, mail_flow
from transport.config.objects import Organization, PermissionGroup, RelayPolicy
from transport.model.address import Address
from transport.model.limit import Limit, Reached
from transport.model.session import SessionFacts
from transport.model.verdict import Action, Answer, Stage
from transport.ports.recipients import EntryKind, NoDirectory, RecipientEntry
from transport.rules import admission, size_limits
from transport.rules.ruleset import compile_ruleset

KB = 1024
OURS, OUTSIDE = Address("anna", "acme.example"), Address("bob", "partner.example")
STRANGER = SessionFacts("s", "10.1.2.3", 1234, "smtp", "default", 1, 0.0)
ANNA = replace(STRANGER, identity="anna", addresses=("anna@acme.example",))
SENDER = Address("anna", "acme.example")


class Directory:
    """Anna takes messages up to her own limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def find(self, address: str) -> RecipientEntry:
        return RecipientEntry(address, EntryKind.MAILBOX, address, max_receive_bytes=self._limit)


def ruleset(*, bypasses: bool = False, receiver: Any = None, **organization: Any) -> Any:
    fields = {"id": "p", "name": "P", "networks": ("10.0.0.0/8",), "owner": "o", "purpose": "p"}
    policy = RelayPolicy.model_validate(fields | {"is_message_size_limit_bypassed": bypasses})
    document = mail_flow(receiver or connector(), relay_policies=(policy,), organization=organization)
    return compile_ruleset(document)


def rcpt(rules: Any, facts: SessionFacts, to: Address, size: int, lookup: Any = None) -> Any:
    return admission.rcpt(rules, facts, SENDER, to, size_bytes=size, lookup=lookup or NoDirectory(), now=0.0)


def data(rules: Any, facts: SessionFacts, to: list[Address], size: int, lookup: Any = None) -> Any:
    given = {"size_bytes": size, "header_size_bytes": 10, "hop_count": 0, "now": 0.0}
    return admission.data(rules, facts, SENDER, to, lookup=lookup or NoDirectory(), **given)


def test_max_send_size__holds_for_what_is_relayed_and_for_who_signed_in():
    rules = ruleset(max_send_size="2 KB")
    for facts, to in ((STRANGER, OUTSIDE), (ANNA, OUTSIDE), (ANNA, OURS)):
        for verdict in (rcpt(rules, facts, to, 2 * KB + 1), data(rules, facts, [to], 2 * KB + 1)):
            assert str(verdict.reply) == "552 5.3.4 Message size exceeds fixed limit"
            assert verdict.limit == Reached(Limit.SEND_SIZE, "2 KB")
        assert rcpt(rules, facts, to, 2 * KB).is_accepted
    assert rcpt(rules, STRANGER, OURS, 30 * KB).is_accepted


def test_max_receive_size__holds_for_our_recipients_alone():
    rules = ruleset(max_receive_size="2 KB")
    verdict = rcpt(rules, STRANGER, OURS, 3 * KB)
    assert (str(verdict.reply)[:9], verdict.action, verdict.stage) == ("552 5.2.3", Action.REFUSE, Stage.RCPT)
    assert verdict.reason == "Organisation, MaxReceiveSize: 3072 octets; our recipients get messages up to 2 KB."
    assert [step.answer for step in verdict.trail] == [Answer.YES, Answer.NO]
    assert rcpt(rules, STRANGER, OUTSIDE, 3 * KB).is_accepted
    assert data(rules, STRANGER, [OUTSIDE, OURS], 3 * KB).reply == verdict.reply
    assert not rcpt(rules, STRANGER, Address("postmaster", ""), 3 * KB).is_accepted


def test_recipients_own_limit__stands_in_for_the_organisations_where_the_sender_signed_in():
    rules, own = ruleset(max_receive_size="2 KB"), Directory(9 * KB)
    assert rcpt(rules, ANNA, OURS, 9 * KB, own).is_accepted
    assert data(rules, ANNA, [OURS], 9 * KB, own).is_accepted
    assert rcpt(rules, STRANGER, OURS, 9 * KB, own).reply.enhanced == "5.2.3"
    assert rcpt(rules, ANNA, OURS, 9 * KB + 1, own).reply.enhanced == "5.2.3"
    assert rcpt(rules, ANNA, OURS, 9 * KB, Directory(0)).reply.enhanced == "5.2.3"


def test_policy_with_the_right_to_bypass__is_not_held_to_max_send_size():
    rules = ruleset(max_send_size="2 KB", bypasses=True)
    assert rcpt(rules, STRANGER, OUTSIDE, 3 * KB).is_accepted
    assert data(rules, STRANGER, [OUTSIDE], 3 * KB).is_accepted
    assert rcpt(rules, ANNA, OURS, 3 * KB).reply.enhanced == "5.3.4"
    elsewhere = replace(STRANGER, peer="192.0.2.1")
    assert rcpt(rules, elsewhere, OUTSIDE, 3 * KB).reply.code == 550


USERS = {"permission_groups": (PermissionGroup.EXCHANGE_USERS,)}


@pytest.mark.parametrize(
    ("fields", "organization", "said"),
    [
        ({}, {}, 36 * KB * KB),
        ({}, {"max_send_size": 5 * KB}, 36 * KB * KB),
        ({}, {"max_receive_size": 5 * KB}, 36 * KB * KB),
        ({}, {"max_send_size": 4 * KB, "max_receive_size": 5 * KB}, 5 * KB),
        (USERS, {"max_send_size": 4 * KB}, 4 * KB),
        (USERS | {"max_message_size": 3 * KB}, {"max_send_size": 4 * KB}, 3 * KB),
    ],
)
def test_announced__is_less_only_where_nobody_may_send_more(fields, organization, said):
    rules = ruleset(receiver=connector(**fields), **organization)
    assert size_limits.announced(rules, rules.document.receive_connectors[0]) == said


def test_announced__with_a_policy_that_bypasses__is_the_connectors():
    rules = ruleset(bypasses=True, max_send_size=4 * KB, max_receive_size=5 * KB)
    assert size_limits.announced(rules, rules.document.receive_connectors[0]) == 36 * KB * KB


def test_effective__names_the_limit_that_decides_for_each_kind_of_mail():
    organization = Organization(max_send_size="4 KB", max_receive_size="50 MB")
    found = size_limits.effective(organization, connector())
    assert [(one.whose, one.size, one.limit.value) for one in found] == [
        ("For our recipients, from others", "36 MB", "MaxMessageSize"),
        ("For the outside, by a relay policy", "4 KB", "MaxSendSize"),
    ]
    signed_in = size_limits.effective(organization, connector(**USERS))[0]
    assert signed_in.whose == "For our recipients, from who signed in"
    assert (signed_in.limit, signed_in.is_organisations) == (Limit.SEND_SIZE, True)
