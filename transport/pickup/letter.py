"""Makes a file that was read a message for the spool: its values, its recipients and those who are refused at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from transport.model.address import Address
from transport.model.envelope import BodyType, Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.model.verdict import Action, Answer, Step
from transport.ports.recipients import RecipientLookup
from transport.ports.unavailable import LookupUnavailable
from transport.queues import ruled
from transport.rules import headers, pickup, taking
from transport.rules.mail_flow_rules import decide_rules
from transport.rules.restrictions import Sender
from transport.rules.rule_facts import RuleFacts
from transport.rules.ruleset import Ruleset


@dataclass(slots=True)
class Letter:
    """``failed`` recipients get no delivery: the sender gets a report."""

    message: Message
    failed: list[tuple[Recipient, Outcome]] = field(default_factory=list)

    def receipt(self, file_name: str) -> TrackingEvent:
        made = self.message
        return TrackingEvent(
            EventId.RECEIVE,
            made.received_at,
            message_id=made.id,
            sender=str(made.envelope_sender),
            reason=f"Picked up from the file {file_name}.",
            size_bytes=made.size_bytes,
            revision=made.revision,
            detail={
                "source": "PICKUP",
                "recipients": [str(recipient.address) for recipient in made.recipients],
                "internet_message_id": made.internet_message_id,
                "subject": made.subject,
            },
        )


def write(
    file: pickup.PickedUp, *, ruleset: Ruleset, lookup: RecipientLookup, message_id: int, hostname: str, now: float
) -> Letter:
    """The message. Raises LookupUnavailable where the directory can't say now who is a recipient (law 6)."""
    made = Message(
        id=message_id,
        envelope_sender=file.sender,
        recipients=[Recipient(index, address, address) for index, address in enumerate(file.recipients)],
        size_bytes=0,
        received_at=now,
        expires_at=now + ruleset.organization.message_expiration_timeout,
        session_id="",
        peer="",
        helo="",
        identity="",
        connector_id="",
        revision=ruleset.revision,
        is_smtputf8=file.is_smtputf8,
        is_canonical=True,
    )
    made.body = pickup.compose(file, queue_id=made.queue_id, hostname=hostname, now=now)
    made.size_bytes = len(made.body)
    made.body_type = BodyType.SEVEN_BIT if made.body.isascii() else BodyType.EIGHT_BIT_MIME
    said = headers.read(made.body, max_bytes=len(made.body))
    made.internet_message_id, made.subject = said.message_id, said.subject
    letter = Letter(made)
    for recipient in made.recipients:
        outcome = _refusal(ruleset, lookup, file.sender, recipient.address, size_bytes=made.size_bytes)
        if outcome is not None:
            letter.failed.append((recipient, outcome))
    return letter


def rule(made: Letter, receipt: TrackingEvent, ruleset: Ruleset, lookup: RecipientLookup) -> list[TrackingEvent]:
    """Do what the mail flow rules say; whoever may write files there is inside. Returns the events after ``receipt``.

    Raises BadFile where a rule rejects the message, LookupUnavailable where one wants it to wait.
    """
    message = made.message
    refused = {id(recipient) for recipient, _ in made.failed}
    facts = RuleFacts(
        session=None,
        sender=message.envelope_sender,
        recipients=[one.address for one in message.recipients if id(one) not in refused],
        size_bytes=message.size_bytes,
        content=message.body,
    )
    decided = decide_rules(ruleset, facts, lookup=lookup, now=message.received_at)
    if decided.refusal is not None:
        raise (LookupUnavailable if decided.refusal.is_temporary else pickup.BadFile)(decided.because)
    told = ruled.apply(decided, facts, message, ruleset.organization)
    if decided.told:
        receipt.detail["trail"] = [step.step.row for step in decided.told]
    if decided.effects.recipients is not None or decided.effects.is_deleted:
        made.failed = []  # they don't get it anyway
    changed = facts.changed_content
    if changed is not None:
        message.body, message.size_bytes = changed, len(changed)
        receipt.size_bytes = len(changed)
        message.subject = headers.read(changed, max_bytes=len(changed)).subject
    return told


def _refusal(
    ruleset: Ruleset, lookup: RecipientLookup, sender: Address, recipient: Address, *, size_bytes: int
) -> Outcome | None:
    """What RCPT TO would have said of a recipient of an accepted domain."""
    domain = ruleset.accepted_domain(recipient.domain)
    if domain is None:
        return None
    step = Step("accepted_domains", domain.id, domain.name, Answer.YES, f"{recipient.domain} is accepted.")
    verdict = taking.verdict(
        ruleset, domain, recipient, Sender(sender, False), step, size_bytes=size_bytes, lookup=lookup
    )
    if verdict.action is Action.DEFER:
        raise LookupUnavailable(verdict.reason)
    return None if verdict.is_accepted else Outcome(OutcomeKind.FAILED, Phase.ROUTING, verdict.reply, verdict.reason)
