"""Where a recipient's mail goes next: the key of a delivery queue (Exchange's NextHopSolutionKey)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class DeliveryType(StrEnum):
    """How a delivery queue reaches its next hop."""

    DNS_CONNECTOR = "DnsConnectorDelivery"
    DNS_CONNECTOR_TLS_WAIVED = "DnsConnectorDeliveryTlsWaived"
    DNS_CONNECTOR_TLS_REQUIRED = "DnsConnectorDeliveryTlsRequired"
    SMART_HOST_CONNECTOR = "SmartHostConnectorDelivery"
    SMART_HOST_CONNECTOR_TLS_REQUIRED = "SmartHostConnectorDeliveryTlsRequired"
    UNREACHABLE = "Unreachable"
    SUBMISSION = "Submission"
    POISON = "Poison"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    DeliveryType.DNS_CONNECTOR: "Delivered to the mail exchangers that DNS names for the domain.",
    DeliveryType.DNS_CONNECTOR_TLS_WAIVED: (
        "Delivered to the mail exchangers that DNS names; its senders waive the domain's TLS policy (TLS-Required: No)."
    ),
    DeliveryType.DNS_CONNECTOR_TLS_REQUIRED: (
        "Delivered to the mail exchangers that DNS names; a mail flow rule wants it over TLS or not at all."
    ),
    DeliveryType.SMART_HOST_CONNECTOR: "Delivered to the smart hosts of a send connector.",
    DeliveryType.SMART_HOST_CONNECTOR_TLS_REQUIRED: (
        "Delivered to the smart hosts of a send connector; a mail flow rule wants it over TLS or not at all."
    ),
    DeliveryType.UNREACHABLE: "No send connector covers the domain; waits until the configuration changes.",
    DeliveryType.SUBMISSION: "Accepted, and waiting to be resolved and routed.",
    DeliveryType.POISON: "Could not be processed; an operator decides.",
}


@dataclass(frozen=True, slots=True)
class NextHop:
    """``domain`` is the recipient domain for DNS routing, the list of smart hosts for a smart host connector, and empty
    otherwise; ``connector_id`` names the send connector."""

    delivery_type: DeliveryType
    domain: str = ""
    connector_id: str = ""
    text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", f"{self.delivery_type}/{self.connector_id}/{self.domain}")

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, text: str) -> NextHop:
        """The inverse of ``str()``. Raises ValueError."""
        kind, connector_id, domain = text.split("/", 2)
        return cls(DeliveryType(kind), domain, connector_id)


BY_DNS = frozenset(
    {DeliveryType.DNS_CONNECTOR, DeliveryType.DNS_CONNECTOR_TLS_WAIVED, DeliveryType.DNS_CONNECTOR_TLS_REQUIRED}
)
BY_SMART_HOST = frozenset({DeliveryType.SMART_HOST_CONNECTOR, DeliveryType.SMART_HOST_CONNECTOR_TLS_REQUIRED})
TLS_REQUIRED = frozenset({DeliveryType.DNS_CONNECTOR_TLS_REQUIRED, DeliveryType.SMART_HOST_CONNECTOR_TLS_REQUIRED})
UNREACHABLE = NextHop(DeliveryType.UNREACHABLE)
SUBMISSION = NextHop(DeliveryType.SUBMISSION)
POISON = NextHop(DeliveryType.POISON)
