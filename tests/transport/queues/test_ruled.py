"""What mail flow rules decided, carried out on a message before it is committed."""

from __future__ import annotations

import pytest

from transport.config.objects import Organization, RuleMode
from transport.model.address import Address
from transport.model.envelope import Message, Recipient
from transport.model.ruled import Notice, Told
from transport.model.verdict import Answer
from transport.queues import ruled
from transport.rules.mail_flow_rules import Decided, RuleStep
from transport.rules.rule_effects import Effects
from transport.rules.rule_facts import RuleFacts

ANNA, BOSS = Address("anna", "acme.example"), Address("boss", "acme.example")
NEVER = frozenset({"NEVER"})


@pytest.mark.parametrize(
    ("asked", "is_told"), [((NEVER, NEVER), False), ((NEVER, frozenset()), True), ((frozenset(),), True)]
)
def test_redirect__sender_who_wants_to_hear_nothing__hears_nothing_of_whom_it_went_to(asked: tuple, is_told: bool):
    recipients = [Recipient(index, ANNA, ANNA, notify) for index, notify in enumerate(asked)]
    message = Message(1, ANNA, recipients, 5, 0, 0, "s", "1.2.3.4", "", "", "c", 1, body=b"")
    step = RuleStep("r", "R", RuleMode.ENFORCE, Answer.YES, "it fits", ("redirect it",), is_done=True)
    decided = Decided([step], Effects(recipients=[BOSS]))
    facts = RuleFacts(session=None, sender=ANNA, recipients=[ANNA], size_bytes=5)
    ruled.apply(decided, facts, message, Organization())
    assert [(one.address, one.notify) for one in message.recipients] == [(BOSS, frozenset() if is_told else NEVER)]


def test_notification__recipient_named_twice__is_told_once_and_one_of_a_program_tells_nobody():
    twice = [ANNA, Address("Anna", "acme.example"), BOSS]
    for header, to in (
        (b"", ["Anna@acme.example", "boss@acme.example"]),
        (b"Auto-Submitted: auto-generated\r\n", None),
    ):
        message = Message(1, BOSS, [], 5, 0, 0, "s", "1.2.3.4", "", "", "c", 1, body=b"")
        facts = RuleFacts(session=None, sender=BOSS, recipients=twice, size_bytes=5, content=header + b"To: x\r\n\r\n")
        notices = [Notice("R", "See %%To%%", whom=Told.RECIPIENTS)]
        ruled.apply(Decided([], Effects(notices=notices)), facts, message, Organization())
        told = message.ruled.notices[0] if message.ruled is not None else None
        assert (told and ([str(one) for one in told.to], told.text)) == (to and (to, "See x"))
