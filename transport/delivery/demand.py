"""What one domain's mail demands of TLS: the send connector's level, and the domain's own policy above that. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transport.config.objects import SendConnector, TlsLevel
from transport.delivery.mta_sts import StsMode, StsPolicy
from transport.model.next_hop import TLS_REQUIRED, DeliveryType, NextHop
from transport.model.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Demand:
    """``level`` is what the first try demands. ``note`` tells people of it once mail was taken, ``because`` when it was
    not. ``is_enforced``: nothing less will do, and a name that the policy gave is known for sure."""

    level: TlsLevel
    note: str = ""
    because: str = ""
    is_enforced: bool = False
    is_tested: bool = False

    def explain(self, outcome: Outcome) -> Outcome:
        """Why what failed was demanded at all."""
        return replace(outcome, reason=f"{outcome.reason} {self.because}".strip()) if self.because else outcome


def has_policies(connector: SendConnector, hop: NextHop) -> bool:
    """Whether the policies of domains are asked at all. A connector that ignores TLS ignores them, and one that
    compares certificates with a name of its own has something better."""
    return (
        connector.is_mta_sts_enabled
        and hop.delivery_type in (DeliveryType.DNS_CONNECTOR, DeliveryType.DNS_CONNECTOR_TLS_REQUIRED)
        and not connector.is_helo_forced
        and connector.tls_level is not TlsLevel.NONE
        and connector.tls_domain is None
    )


def of(connector: SendConnector, hop: NextHop, policy: StsPolicy | None) -> Demand:
    """What a connection to ``hop`` demands first."""
    domain = hop.domain
    if hop.delivery_type is DeliveryType.DNS_CONNECTOR_TLS_WAIVED:
        return Demand(connector.tls_level, note="The sender waived the domain's TLS policy (TLS-Required: No).")
    if policy is None:
        return _plain(connector, hop)
    if policy.mode is StsMode.ENFORCE:
        return Demand(
            TlsLevel.DOMAIN_VALIDATION,
            note=f"The MTA-STS policy of {domain} (enforce) was met.",
            because=f"The MTA-STS policy of {domain} (enforce) demands it.",
            is_enforced=True,
        )
    return Demand(TlsLevel.DOMAIN_VALIDATION, note=f"The MTA-STS policy of {domain} (testing) was met.", is_tested=True)


def _plain(connector: SendConnector, hop: NextHop) -> Demand:
    """What the connector demands, or a mail flow rule where that is more."""
    if hop.delivery_type in TLS_REQUIRED and connector.tls_level in (TlsLevel.NONE, TlsLevel.OPPORTUNISTIC):
        because = "A mail flow rule wants it over TLS or not at all."
        return Demand(TlsLevel.ENCRYPTION_ONLY, note="A mail flow rule wanted TLS.", because=because)
    return Demand(connector.tls_level)


def untested(connector: SendConnector, hop: NextHop, why: str) -> Demand:
    """What goes on after a policy that is only tested was not met."""
    note = f"The MTA-STS policy of {hop.domain} (testing) was not met: {why} It was delivered none the less."
    return replace(_plain(connector, hop), note=note)
