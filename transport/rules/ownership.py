"""As whom a user who signed in may send: as what is theirs, or as what a relay policy grants. Pure.

RFC 6409 6.1: a submission server may refuse a sender that the user has no right to.
"""

from __future__ import annotations

from collections.abc import Sequence

from transport.config.objects import ReceiveConnector, SenderOwnership
from transport.model.address import Address
from transport.model.reply import Reply
from transport.model.session import SessionFacts
from transport.model.verdict import Action, Answer, Stage, Step, Verdict
from transport.rules import relay
from transport.rules.ruleset import Ruleset

NOT_YOURS = Reply(550, "5.7.60", "Client does not have permissions to send as this sender")  # as Exchange says it
KIND = "sender_ownership"
ANYTHING = ("*",)
"""Addresses of a user of whom nobody can say any more what was theirs."""


def asks_envelope(connector: ReceiveConnector, facts: SessionFacts) -> bool:
    return bool(facts.identity) and connector.sender_ownership is not SenderOwnership.NONE


def asks_header(connector: ReceiveConnector, facts: SessionFacts) -> bool:
    return bool(facts.identity) and connector.sender_ownership is SenderOwnership.ENVELOPE_AND_HEADER


def envelope(ruleset: Ruleset, facts: SessionFacts, sender: Address, *, now: float) -> Verdict | None:
    """A refusal of MAIL FROM; the null reverse-path is nobody's, and carries notifications (RFC 8098)."""
    if sender.is_null:
        return None
    return _refusal(ruleset, facts, sender, Stage.MAIL, "The sender", now=now)


def header(ruleset: Ruleset, facts: SessionFacts, authors: Sequence[Address] | None, *, now: float) -> Verdict | None:
    """A refusal of the message by its From field; ``authors`` None where that can't be read."""
    if authors is None:
        return _refused(Stage.DATA, "The From field can't be read, or there are several: nobody can own it.")
    for author in authors:
        verdict = _refusal(ruleset, facts, author, Stage.DATA, "From", now=now)
        if verdict is not None:
            return verdict
    return None


def _refusal(
    ruleset: Ruleset, facts: SessionFacts, address: Address, stage: Stage, what: str, *, now: float
) -> Verdict | None:
    if is_own(ruleset, facts, address) or relay.send_as(ruleset, facts, address, now=now) is not None:
        return None
    own = ", ".join(facts.addresses[:3]) or "no address"
    return _refused(
        stage, f"{what} {address} is not {facts.identity}'s (who has {own}), and no relay policy grants it."
    )


def is_own(ruleset: Ruleset, facts: SessionFacts, address: Address) -> bool:
    """Whether the address is the user's; with plus addressing ``name+anything`` is who ``name`` is."""
    text = str(address).lower()
    if text in facts.addresses or facts.addresses == ANYTHING:
        return True
    if not ruleset.organization.is_plus_addressing_enabled:
        return False
    name, plus, _ = address.local_part.partition("+")
    return bool(plus) and f"{name}@{address.domain}".lower() in facts.addresses


def _refused(stage: Stage, because: str) -> Verdict:
    return Verdict(Action.REFUSE, stage, NOT_YOURS, because, (Step(KIND, "", "sender ownership", Answer.NO, because),))
