"""Limits of what somebody who signed in sends: theirs instead of the organisation's, more or less."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.listener import connector, mail_flow
from transport.config.objects import PermissionGroup, RelayPolicy
from transport.model.address import Address
from transport.model.limit import Limit, Reached
from transport.model.session import SessionFacts
from transport.model.verdict import Action
from transport.ports.recipients import NoDirectory
from transport.rules import admission, own_sending, size_limits
from transport.rules.ruleset import compile_ruleset
from transport.rules.standing import standing

KB = 1024
STRANGER = SessionFacts("s", "10.1.2.3", 1234, "smtp", "default", 1, 0.0)
ANNA = replace(STRANGER, identity="anna", addresses=("anna@acme.example", "a@acme.example"))
BEN = replace(STRANGER, identity="ben", addresses=("ben@acme.example",))
SENDER, OUTSIDE, OURS = Address("anna", "acme.example"), Address("b", "partner.example"), Address("c", "acme.example")
USERS = connector(permission_groups=(PermissionGroup.EXCHANGE_USERS,), max_recipients_per_message=200)


def ruleset(organization: Any = None, **limits: Any) -> Any:
    policy = {"id": "p", "name": "P", "networks": ("10.0.0.0/8",), "owner": "o", "purpose": "p"}
    anna = {"id": "anna", "name": "Anna", "address": "A@acme.example", "aliases": ("anna@acme.example",)}
    return compile_ruleset(
        mail_flow(
            USERS,
            relay_policies=(RelayPolicy.model_validate(policy),),
            organization=organization or {},
            recipients=(anna | limits,),
        )
    )


def rcpt(rules: Any, facts: SessionFacts, to: Address, size: int) -> Any:
    return admission.rcpt(rules, facts, SENDER, to, size_bytes=size, lookup=NoDirectory(), now=0.0)


def at_end(rules: Any, facts: SessionFacts, size: int) -> Any:
    given = {"size_bytes": size, "header_size_bytes": 10, "hop_count": 0, "now": 0.0}
    return admission.data(rules, facts, SENDER, [OUTSIDE], lookup=NoDirectory(), **given)


@pytest.mark.parametrize(
    ("facts", "sender", "is_limited"),
    [
        (ANNA, "anna", True),
        (ANNA, "a", True),
        (ANNA, "ben", True),
        (ANNA, "", True),
        (BEN, "anna", False),
        (STRANGER, "anna", False),
        (replace(BEN, addresses=("*",)), "anna", True),
        (replace(BEN, addresses=("*",)), "ben", False),
        (replace(BEN, addresses=()), "anna", False),
    ],
)
def test_limited__by_who_signed_in__not_by_what_is_written(facts, sender, is_limited):
    address = Address(sender, "acme.example" if sender else "")
    found = own_sending.limited(ruleset(max_send_size="1 KB"), facts, address)
    assert (found is not None) is is_limited


@pytest.mark.parametrize(("organizations", "own"), [("9 KB", 2 * KB), ("1 KB", 2 * KB), (None, 2 * KB)])
def test_max_send_size__of_their_own__stands_in_for_the_organisations(organizations, own):
    rules = ruleset({"max_send_size": organizations}, max_send_size=own)
    for to in (OUTSIDE, OURS):
        assert rcpt(rules, ANNA, to, own).is_accepted
        refused = rcpt(rules, ANNA, to, own + 1)
        assert str(refused.reply) == "552 5.3.4 Message size exceeds fixed limit"
        assert refused.limit == Reached(Limit.SEND_SIZE, "2 KB")
        assert (refused.trail[-1].kind, refused.trail[-1].object_id) == ("recipients", "anna")
    assert at_end(rules, ANNA, own).is_accepted and not at_end(rules, ANNA, own + 1).is_accepted
    assert rcpt(rules, BEN, OURS, 1 * KB).is_accepted
    assert rcpt(rules, BEN, OURS, 9 * KB + 1).is_accepted is (organizations is None)


@pytest.mark.parametrize(
    ("own", "most", "limit"),
    [(3, 3, Limit.RECIPIENT_LIMITS), (150, 150, Limit.RECIPIENT_LIMITS), (900, 200, Limit.RECIPIENTS),
     (None, 100, Limit.RECIPIENTS)],
)  # fmt: skip
def test_recipient_limits__of_their_own__but_never_more_than_the_connectors(own, most, limit):
    rules = ruleset(max_send_size="1 KB", recipient_limits=own)
    anna = own_sending.limited(rules, ANNA, SENDER)
    assert own_sending.too_many(USERS, 100, anna, count=most) is None
    refused = own_sending.too_many(USERS, 100, anna, count=most + 1)
    assert (str(refused.reply), refused.action) == ("452 4.5.3 Too many recipients", Action.DEFER)
    assert refused.limit == Reached(limit, str(most))


@pytest.mark.parametrize(("own", "said"), [("5 KB", 5 * KB), ("1 KB", 4 * KB), (None, 4 * KB)])
def test_announced__is_what_somebody_may_send(own, said):
    rules = ruleset({"max_send_size": "4 KB"}, max_send_size=own, recipient_limits=9)
    assert size_limits.announced(rules, rules.document.receive_connectors[0]) == said


def test_standing__of_users_where_somebody_is_limited__is_not_remembered():
    limited, plain, free = ruleset(recipient_limits=1), ruleset(), connector(sender_ownership="none")
    assert standing(limited, free, BEN, now=0.0) is None
    assert standing(limited, free, STRANGER, now=0.0) is not None
    assert standing(plain, free, BEN, now=0.0) is not None
