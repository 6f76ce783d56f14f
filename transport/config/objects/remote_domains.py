"""Remote domains: what of reports and automatic mail goes to somebody else's domain."""

from __future__ import annotations

from pydantic import Field

from transport.config.objects.base import ConfigObject
from transport.config.types import DomainPattern


class RemoteDomain(ConfigObject):
    """Domains that are not ours; the most specific one holds. A domain that none names gets everything."""

    domain: DomainPattern = Field(
        description="contoso.com, *.contoso.com with its subdomains, or * for all domains that are not ours."
    )
    is_ndr_enabled: bool = Field(
        True,
        description="Senders there are told of failures and delays (NDREnabled). Off: they hear nothing of lost mail.",
    )
    is_ndr_diagnostic_info_enabled: bool = Field(
        True, description="Reports to them quote what next hops said (NDRDiagnosticInfoEnabled)."
    )
    is_delivery_report_enabled: bool = Field(
        True, description="Senders there who asked for it are told of success (DeliveryReportEnabled)."
    )
    is_auto_reply_enabled: bool = Field(
        True, description="Automatic replies and out of office notes go there (AutoReplyEnabled, AllowedOOFType)."
    )
    is_auto_forward_enabled: bool = Field(
        True, description="What a mailbox forwards by itself goes there (AutoForwardEnabled)."
    )

    @property
    def is_by_header(self) -> bool:
        """Whether the header of messages has to be read for it."""
        return not (self.is_auto_reply_enabled and self.is_auto_forward_enabled)
