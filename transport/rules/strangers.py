"""Whether a client that did not sign in may send as an address at a domain of ours (Exchange: the right
ms-Exch-SMTP-Accept-Authoritative-Domain-Sender). Pure."""

from __future__ import annotations

from transport.config.objects import DomainType, ReceiveConnector
from transport.model.address import Address
from transport.model.session import SessionFacts
from transport.model.verdict import Action, Answer, Stage, Step, Verdict
from transport.rules.ownership import NOT_YOURS
from transport.rules.ruleset import Ruleset


def asks(connector: ReceiveConnector, facts: SessionFacts) -> bool:
    """Whether the sender is looked at: of users who signed in, ownership says it."""
    return not connector.is_authoritative_domain_sender_accepted and not facts.identity


def envelope(
    ruleset: Ruleset, connector: ReceiveConnector, facts: SessionFacts, sender: Address, *, now: float
) -> Verdict | None:
    """A refusal of MAIL FROM, or None; who has a relay policy for that sender may use it for our own recipients too."""
    domain = ruleset.accepted_domain(sender.domain) if sender.domain else None
    if domain is None or domain.domain_type is DomainType.EXTERNAL_RELAY:
        return None
    if _is_granted(ruleset, facts, sender, now=now):
        return None
    because = (
        f"{sender} is at a domain of ours ({domain.name}); {facts.peer} did not sign in and no relay policy lets it."
    )
    step = Step("receive_connectors", connector.id, connector.name, Answer.NO, because)
    return Verdict(Action.REFUSE, Stage.MAIL, NOT_YOURS, f"Receive connector {connector.name}: {because}", (step,))


def _is_granted(ruleset: Ruleset, facts: SessionFacts, sender: Address, *, now: float) -> bool:
    return any(
        not (compiled.not_now(now) or compiled.stranger(facts))
        and not (compiled.policy.is_tls_required and facts.tls is None)
        and (compiled.senders is None or compiled.senders.match(sender))
        for compiled in ruleset.policies_for(facts.peer)
    )
