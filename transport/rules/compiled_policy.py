"""A relay policy made ready to answer: patterns, networks, certificates and times compiled, once a revision. Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from transport.config import client_certificate, time_window
from transport.config.objects import IdentityMatch, RelayPolicy
from transport.model.session import SessionFacts
from transport.model.verdict import Answer, Step
from transport.rules.networks import NetworkIndex
from transport.rules.patterns import AddressPatterns

KIND = "relay_policies"


class CompiledPolicy:
    """``expires`` is unix seconds or infinity."""

    __slots__ = (
        "_names_networks_only",
        "_networks",
        "_subjects",
        "_thumbprints",
        "_windows",
        "_zone",
        "any_identity",
        "expires",
        "grants",
        "has_rate",
        "identities",
        "policy",
        "recipients",
        "send_as",
        "senders",
    )  # fmt: skip

    def __init__(self, policy: RelayPolicy) -> None:
        self.policy = policy
        self.identities = frozenset(name.lower() for name in policy.identities)
        self.any_identity = "*" in self.identities
        self.senders = _patterns(policy.sender_addresses)
        self.send_as = _patterns(policy.send_as_addresses)
        self.recipients = _patterns(policy.recipient_addresses)
        self.expires = policy.expires_at.timestamp() if policy.expires_at else float("inf")
        self.has_rate = policy.max_messages_per_hour is not None or policy.max_messages_per_day is not None
        names = policy.client_certificates
        self._names_networks_only = bool(policy.networks) and not (policy.identities or names)
        self.grants = Step(KIND, policy.id, policy.name, Answer.YES, f"Grants the relay; owner {policy.owner}.")
        self._networks = NetworkIndex((network, network) for network in policy.networks)
        self._thumbprints = frozenset(name for name in names if client_certificate.is_thumbprint(name))
        self._subjects = tuple(client_certificate.attributes(name) for name in names if name not in self._thumbprints)
        self._windows = tuple(time_window.parse(text) for text in policy.time_windows)
        self._zone = ZoneInfo(policy.timezone)

    @property
    def has_windows(self) -> bool:
        """Whether the time of the day or week has a say."""
        return bool(self._windows)

    @property
    def is_found_by_network(self) -> bool:
        """Whether it can grant to nobody outside its networks: the index then spares asking it."""
        policy = self.policy
        others = bool(policy.identities or policy.client_certificates)
        return bool(policy.networks) and (policy.identity_match is IdentityMatch.ALL or not others)

    def stranger(self, facts: SessionFacts) -> str:
        """Why the client is not one of those that the policy names; empty when it is."""
        if self._names_networks_only:
            return self._not_from_there(facts)
        asked = [
            reason
            for is_asked, reason in (
                (self.policy.networks, self._not_from_there(facts)),
                (self.policy.identities, self._not_signed_in(facts)),
                (self.policy.client_certificates, self._not_certified(facts)),
            )
            if is_asked
        ]
        if self.policy.identity_match is IdentityMatch.ANY and "" in asked:
            return ""
        return " ".join(reason for reason in asked if reason)

    def _not_from_there(self, facts: SessionFacts) -> str:
        return "" if self._networks.find_all(facts.peer) else f"{facts.peer} is not in its networks."

    def _not_signed_in(self, facts: SessionFacts) -> str:
        identity = facts.identity
        if identity and (self.any_identity or identity.lower() in self.identities):
            return ""
        because = f"'{identity}' is not among its users" if identity else "the client has not signed in"
        return f"Needs a user: {because}."

    def _not_certified(self, facts: SessionFacts) -> str:
        if not facts.client_certificate or facts.tls is None:
            return "Needs a client certificate: none was shown that verified."
        if facts.client_certificate in self._thumbprints:
            return ""
        shown = client_certificate.subject_attributes(facts.tls.client_subject) if self._subjects else frozenset()
        if any(wanted <= shown for wanted in self._subjects):
            return ""
        return f"The client certificate {facts.client_certificate[:16]}… is not among its certificates."

    def not_now(self, now: float) -> str:
        """Why it grants to nobody at ``now``; empty when it does."""
        policy = self.policy
        if now >= self.expires:
            return f"Expired {policy.expires_at:%Y-%m-%d %H:%M} UTC."
        if self._windows:
            local = datetime.fromtimestamp(now, self._zone)
            if not any(window.holds(local.weekday(), local.hour * 60 + local.minute) for window in self._windows):
                times = ", ".join(policy.time_windows)
                return f"Grants only {times} ({policy.timezone}); it is {local:%a %H:%M} there."
        return ""


def _patterns(patterns: tuple[str, ...]) -> AddressPatterns | None:
    return AddressPatterns(patterns) if patterns else None
