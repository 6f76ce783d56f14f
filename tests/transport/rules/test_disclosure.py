"""Who must not know the members of a group learns nothing that follows from who they are: asked with any members, the
rules say the same."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from tests.transport.rules.test_recipients import Directory, domain, mailbox
from transport.config.document import MailFlow
from transport.model.address import parse_mailbox
from transport.model.session import SessionFacts
from transport.model.verdict import Answer
from transport.ports.recipients import EntryKind, RecipientEntry, SenderRestrictions
from transport.rules import admission, mail_flow_rules
from transport.rules.disclosure import UNTOLD, discreet
from transport.rules.recipients import resolve
from transport.rules.restrictions import Sender
from transport.rules.rule_facts import RuleFacts
from transport.rules.ruleset import compile_ruleset

PEOPLE = ("mole", "spy", "ann")


def at(name):
    return f"{name}@acme.example"


def group(name, *members, **more):
    return RecipientEntry(at(name), EntryKind.GROUP, at(name), members=tuple(map(at, members)), **more)


class Discreet:
    """A directory in which the group "secret" hides its members."""

    def __init__(self, *entries):
        hidden = {at("secret")}
        self.find = discreet(Directory(*entries).find, lambda keys: frozenset(hidden & set(keys)))


def resolved(asked, *entries):
    ruleset, sender = compile_ruleset(MailFlow(accepted_domains=(domain(),))), Sender(parse_mailbox(at("mole")), True)
    return resolve(ruleset, parse_mailbox(at(asked)), Discreet(*entries), sender=sender, size_bytes=1)


def whatever(*fixed):
    """The directory with each set of as many members in the hidden group."""
    for members in combinations((*PEOPLE, "nobody", "(odd)", "loop"), 2):
        people = [
            *map(mailbox, PEOPLE),
            mailbox("loop", forward_to=at("loop2")),
            mailbox("loop2", forward_to=at("loop")),
        ]
        yield [group("secret", *members), *people, *fixed]


OPEN = group("all", "secret", "ann")
CLOSED = mailbox("boss", restrictions=SenderRestrictions(accept_from=(at("secret"),)))
SHUT = mailbox("boss", restrictions=SenderRestrictions(reject_from=(at("outer"),)))
OUTER = group("outer", "secret")
HEADER = b"From: mole@acme.example\r\nTo: mole@acme.example\r\n\r\n"


@pytest.mark.parametrize("asked", ["secret", "all", "boss", "team"])
def test_resolution__is_the_same_with_any_members(asked):
    fixed = (OPEN, OUTER, CLOSED, group("team", "boss", "secret", "ann"))
    told = {repr(resolved(asked, *entries)) for entries in whatever(*fixed)}
    assert len(told) == 1
    assert "mole" not in told.pop()


def test_members__are_counted_in_their_groups_step():
    seen = resolved("all", *next(whatever(OPEN)))
    assert [(one.to, one.untold) for one in seen.changes if one.untold] == [((), 2)]
    assert [str(one.address) for one in seen.deliveries] == [at("ann")]
    assert (seen.untold, seen.refusals, seen.problems) == (2, [], [])


def test_group_of_hidden_members_alone__is_not_told_as_leading_to_nobody():
    assert resolved("secret", *next(whatever())).refusals == []


@pytest.mark.parametrize("boss", [CLOSED, SHUT])
def test_recipient_that_asks_for_a_hidden_group__takes_mail_from_whom_is_not_told(boss):
    ruleset, facts = compile_ruleset(MailFlow(accepted_domains=(domain(),))), SessionFacts("", "", 0, "", "", 0, 0)
    said = set()
    for entries in whatever(OUTER, boss):
        sender, to = parse_mailbox(at("mole")), parse_mailbox(at("boss"))
        verdict = admission.rcpt(ruleset, facts, sender, to, size_bytes=0, lookup=Discreet(*entries), now=0)
        said.add((verdict.is_withheld, verdict.is_accepted, verdict.reply, verdict.reason, verdict.trail))
    ((is_withheld, is_accepted, reply, reason, trail),) = said
    assert (is_withheld, is_accepted, reply, reason) == (True, False, None, UNTOLD)
    assert (trail[-1].answer, trail[-1].because) == (Answer.CANNOT_TELL, UNTOLD)


def test_another_group_that_is_open__still_says_yes():
    boss = mailbox("boss", restrictions=SenderRestrictions(accept_from=(at("secret"), at("open"))))
    (found,) = {tuple(str(one.address) for one in resolved("boss", *entries, group("open", "mole")).deliveries)
                for entries in whatever(boss)}  # fmt: skip
    assert found == (at("boss"),)


@pytest.mark.parametrize("kind", ["FromMemberOf", "SentToMemberOf", "AnyOfToHeaderMemberOf", "AnyOfToCcHeaderMemberOf",
                                  "BetweenMemberOf"])  # fmt: skip
@pytest.mark.parametrize("where", ["conditions", "exceptions"])
@pytest.mark.parametrize("values", [[at("secret")], [at("outer")]])
def test_rule_that_asks_for_a_hidden_group__is_passed_over_with_any_members(kind, where, values):
    if kind == "BetweenMemberOf":
        values = [f"{one}, {at('open')}" for one in values]
    asking = {"id": "r", "name": "R", "rule_error_action": "Defer", "stop_rule_processing": True,
              where: [{"kind": kind, "values": values}], "actions": [{"kind": "DeleteMessage"}]}  # fmt: skip
    after = {"id": "n", "name": "N", "priority": 1, "actions": [{"kind": "LogEventText", "text": "seen"}]}
    flow = MailFlow.model_validate({"mail_flow_rules": [asking, after]})
    ruleset, said = compile_ruleset(flow.model_copy(update={"accepted_domains": (domain(),)})), set()
    for entries in whatever(OUTER, group("open", "mole")):
        mole = parse_mailbox(at("mole"))
        facts = RuleFacts(session=None, sender=mole, recipients=[mole], size_bytes=1, content=HEADER)
        decided = mail_flow_rules.decide_rules(ruleset, facts, lookup=Discreet(*entries), now=0)
        said.add((*chain.from_iterable((one.answer, one.because, one.is_withheld) for one in decided.trail),
                  decided.refusal, decided.effects.is_deleted))  # fmt: skip
    (answers,) = said
    assert answers[0] is Answer.CANNOT_TELL and UNTOLD in str(answers[1]) and answers[2]
    assert answers[3:] == (Answer.YES, "every message does", False, None, False)
