"""Puts an admitted message to the mail flow rules, where there are any: after the final dot, before the reply."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from transport.listener.transaction import Transaction
from transport.model.envelope import Message
from transport.model.event import TrackingEvent
from transport.model.verdict import Stage, Verdict
from transport.ports.spool import Stored
from transport.queues import ruled
from transport.queues.storing import tell_stored
from transport.rules import admission
from transport.rules.mail_flow_rules import Decided, decide_rules
from transport.rules.rule_facts import RuleFacts

if TYPE_CHECKING:
    from transport.listener.session import Session


@dataclass(frozen=True, slots=True)
class Looked:
    """What the rules said; ``content`` is the message as they left it."""

    decided: Decided
    facts: RuleFacts
    content: bytes

    @property
    def refusal(self) -> Verdict | None:
        """For the peer, where a rule rejects the message or can't tell."""
        if self.decided.refusal is None:
            return None
        trail = tuple(step.step for step in self.decided.told)
        return admission.refuse(Stage.DATA, self.decided.refusal, self.decided.because, trail)

    def submit(self, session: Session, message: Message, event: TrackingEvent, then: Stored) -> None:
        """Hand the message on as the rules want it. Raises SpoolUnavailable."""
        told = ruled.apply(self.decided, self.facts, message, session.ruleset.organization)
        steps = [step.step.row for step in self.decided.told]
        event.detail["trail"] = [*event.detail["trail"], *steps]  # what is there belongs to other messages too
        future = session.context.intake.submit(message, [event, *told])
        future.add_done_callback(partial(tell_stored, then))


def look(session: Session, transaction: Transaction, content: bytes) -> Looked | None:
    """None where no rule has to say anything."""
    facts = RuleFacts(
        session=session.facts,
        sender=transaction.mail.sender,
        recipients=[given.recipient for given in transaction.recipients],
        size_bytes=len(content),
        content=content,
    )
    decided = decide_rules(session.ruleset, facts, lookup=session.context.lookup, now=session.context.clock())
    if not decided.told:
        return None
    return Looked(decided, facts, facts.changed_content or content)
