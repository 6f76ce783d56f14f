"""What admission says to one client the same way every time, so that it need not be asked for each message. Pure.

``rules.admission`` stays what decides: its acceptances are remembered, by nothing but what they depend on.
"""

from __future__ import annotations

from transport.config.objects import ReceiveConnector
from transport.model.address import Address
from transport.model.session import SessionFacts
from transport.rules import ownership
from transport.rules.ruleset import Ruleset


class Standing:
    """What answers to a client depend on, beside the domains of sender and recipient.

    ``until``: unix seconds at which a relay policy ends, or infinity. ``is_by_sender``: a policy names senders;
    ``names_senders`` and ``names_recipients``: by their whole address. ``is_by_size``: a policy limits the size.
    """

    __slots__ = ("is_by_sender", "is_by_size", "names_recipients", "names_senders", "until")

    def __init__(self, ruleset: Ruleset, facts: SessionFacts, now: float) -> None:
        policies = ruleset.policies_for(facts.peer)
        self.until = min((p.expires for p in policies if p.expires > now), default=float("inf"))
        self.is_by_sender = any(p.senders is not None for p in policies)
        self.names_senders = any(p.senders is not None and p.senders.names_addresses for p in policies)
        self.names_recipients = any(p.recipients is not None and p.recipients.names_addresses for p in policies)
        self.is_by_size = ruleset.has_policy_size_limits

    def sender_key(self, sender: Address) -> str:
        """Senders with the same key are answered alike."""
        if self.names_senders:
            return str(sender).lower()
        return sender.domain if self.is_by_sender else ""

    def recipient_key(self, recipient: Address) -> str:
        """Recipients with the same key are answered alike."""
        return str(recipient).lower() if self.names_recipients else recipient.domain


def standing(ruleset: Ruleset, connector: ReceiveConnector, facts: SessionFacts, *, now: float) -> Standing | None:
    """None where each message has to be asked for: what was sent before, or the time of day, has a say."""
    if connector.message_rate_limit_per_min is not None or facts.is_unnamed or ruleset.asks_origin(facts):
        return None
    if ruleset.limited_senders is not None and facts.identity:
        return None
    if ownership.asks_envelope(connector, facts) or ownership.asks_header(connector, facts):
        return None
    if any(p.has_rate or p.has_windows for p in ruleset.policies_for(facts.peer)):
        return None
    return Standing(ruleset, facts, now)


def is_outside(ruleset: Ruleset, recipient: Address) -> bool:
    """Whether the answer to the recipient is the relay policies': then a look-up has no say."""
    return bool(recipient.domain) and ruleset.accepted_domain(recipient.domain) is None
