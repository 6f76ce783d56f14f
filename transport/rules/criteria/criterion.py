"""Conditions of mail flow rules made ready: each answers yes, no or cannot tell, with what was found. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from transport.config.objects import RuleCondition, SenderAddressLocation
from transport.config.rule_kinds import ConditionKind, Reads
from transport.model.verdict import Answer
from transport.ports.unavailable import LookupUnavailable
from transport.rules.criteria import people
from transport.rules.criteria.addresses import MAX_SENDERS, OF_RECIPIENT, OF_SENDER, of_recipients, of_sender
from transport.rules.criteria.attachments import OF_ATTACHMENT
from transport.rules.criteria.headers import OF_HEADER
from transport.rules.criteria.question import Around, Test
from transport.rules.criteria.sessions import OF_SESSION
from transport.rules.disclosure import UNTOLD, Withheld
from transport.rules.pattern_match import TooMuchWork
from transport.rules.rule_facts import NotKnown, RuleFacts

_OF_SENDER, _OF_RECIPIENT = OF_SENDER | people.OF_SENDER, OF_RECIPIENT | people.OF_RECIPIENT
_OF_MESSAGE = OF_SESSION | OF_HEADER | OF_ATTACHMENT | people.OF_NAMED
_ASK_DIRECTORY = frozenset((ConditionKind.FROM_MEMBER_OF, *people.OF_SENDER, *people.OF_BOTH))


@dataclass(frozen=True, slots=True)
class Finding:
    """``because`` says what was found, or why it can't be told; empty for a plain no. ``is_withheld``: who asks must
    not know."""

    answer: Answer
    because: str = ""
    is_withheld: bool = False


_NO = Finding(Answer.NO)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition or exception; ``reads`` says how much of the message it needs."""

    kind: ConditionKind
    reads: Reads
    test: Test

    def ask(self, facts: RuleFacts, around: Around) -> Finding:
        try:
            found = self.test(facts, around)
        except NotKnown as error:
            return Finding(Answer.CANNOT_TELL, f"{self.kind}: {error}")
        except TooMuchWork:
            return Finding(Answer.CANNOT_TELL, f"{self.kind}: the message takes too long to be looked through.")
        except Withheld:
            return Finding(Answer.CANNOT_TELL, f"{self.kind}: {UNTOLD}", is_withheld=True)
        except LookupUnavailable as error:
            return Finding(Answer.CANNOT_TELL, f"{self.kind}: the directory cannot answer: {error}.")
        return Finding(Answer.YES, found) if found else _NO


def compile_criterion(condition: RuleCondition, where: SenderAddressLocation) -> Criterion:
    """Made once for each revision."""
    kind = condition.kind
    reads = kind.spec.reads
    if kind in _OF_SENDER or kind in people.OF_BOTH:
        reads = Reads.ENVELOPE if where is SenderAddressLocation.ENVELOPE else Reads.HEADER
        reads = max(reads, Reads.DIRECTORY) if kind in _ASK_DIRECTORY else reads
        both = people.OF_BOTH.get(kind)
        if both is not None:
            return Criterion(kind, reads, both(condition, where))
        most = MAX_SENDERS if kind in _ASK_DIRECTORY else None
        return Criterion(kind, reads, of_sender(_OF_SENDER[kind](condition), where, most=most))
    if kind in _OF_RECIPIENT:
        return Criterion(kind, reads, of_recipients(_OF_RECIPIENT[kind](condition)))
    return Criterion(kind, reads, _OF_MESSAGE[kind](condition))
