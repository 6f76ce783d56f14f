"""Makes a file that was read a message for the spool: its values, its recipients and those who are refused at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from transport.model.address import Address
from transport.model.envelope import BodyType, Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.model.verdict import Action, Answer, Step
from transport.ports import LookupUnavailable, RecipientLookup
from transport.rules import headers, pickup, taking
from transport.rules.restrictions import Sender
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
