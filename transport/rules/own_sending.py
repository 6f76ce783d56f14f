"""What a user who signed in may send by the limits of their own recipient, which stand in for the organisation's
(Exchange: MaxSendSize and RecipientLimits of a mailbox). Pure."""

from __future__ import annotations

from dataclasses import replace

from transport.config.objects import ReceiveConnector, Recipient
from transport.model.address import Address
from transport.model.limit import Limit, Reached
from transport.model.reply import Reply
from transport.model.session import SessionFacts
from transport.model.verdict import Action, Answer, Stage, Step, Verdict
from transport.rules import limits, ownership
from transport.rules.ruleset import Ruleset

KIND = "recipients"


def limited(ruleset: Ruleset, facts: SessionFacts, sender: Address) -> Recipient | None:
    """Who signed in, if they have limits: as the sender where that is theirs, else by the first of their addresses, so
    that nobody gets rid of a limit by another sender. Where nobody knows what is theirs, as the sender."""
    known = ruleset.limited_senders
    if known is None or not facts.identity:
        return None
    is_theirs = sender.key in facts.addresses or facts.addresses == ownership.ANYTHING
    keys = (sender.key, *facts.addresses) if is_theirs else facts.addresses
    return next((found for found in map(known.find, keys) if found is not None), None)


def too_many(connector: ReceiveConnector, organization_limit: int, own: Recipient, *, count: int) -> Verdict | None:
    """A deferral when this recipient is one too many; the connector's limit holds beside their own."""
    limit = own.recipient_limits
    if limit is None or connector.max_recipients_per_message < limit:
        limit = organization_limit if limit is None else connector.max_recipients_per_message
        return limits.recipients(connector, limit, count=count)
    if count <= limit:
        return None
    refused = refusal(Stage.RCPT, limits.TOO_MANY_RECIPIENTS, own, Limit.RECIPIENT_LIMITS, str(limit), "recipients")
    return replace(refused, action=Action.DEFER)  # RFC 5321 4.5.3.1.10: the others may come in another transaction


def refusal(stage: Stage, reply: Reply, own: Recipient, limit: Limit, value: str, of_what: str) -> Verdict:
    """Of what is over a limit of their own."""
    because = f"Who signed in is {own.name}, who may send up to {value}{f' {of_what}' if of_what else ''}."
    step = Step(KIND, own.id, own.name, Answer.NO, because)
    return Verdict(
        Action.REFUSE, stage, reply, f"Recipient {own.name}, {limit}: {because}", (step,), Reached(limit, value)
    )
