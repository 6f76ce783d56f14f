"""What a receive connector offers after EHLO, and what it asks of addresses and line ends."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from transport.config.objects.base import ConfigModel


class SizeEnabled(StrEnum):
    """How the SIZE extension (RFC 1870) is offered."""

    ENABLED = "Enabled"
    ENABLED_WITHOUT_VALUE = "EnabledWithoutValue"
    DISABLED = "Disabled"

    @property
    def sentence(self) -> str:
        return {
            SizeEnabled.ENABLED: "SIZE is offered with the largest message that is taken.",
            SizeEnabled.ENABLED_WITHOUT_VALUE: "SIZE is offered, but the limit is not told.",
            SizeEnabled.DISABLED: "SIZE is not offered: a large message is refused when it was sent.",
        }[self]


class ReceiveExtensions(ConfigModel):
    """The switches of a receive connector."""

    is_pipelining_enabled: bool = Field(True, description="Offer PIPELINING.")
    size_enabled: SizeEnabled = Field(SizeEnabled.ENABLED, description="How SIZE is offered.")
    is_eight_bit_mime_enabled: bool = Field(True, description="Offer 8BITMIME.")
    is_chunking_enabled: bool = Field(True, description="Offer CHUNKING (BDAT).")
    is_binary_mime_enabled: bool = Field(True, description="Offer BINARYMIME; needs CHUNKING.")
    is_requiretls_enabled: bool = Field(True, description="Offer REQUIRETLS over TLS: such mail leaves over TLS only.")
    is_smtputf8_enabled: bool = Field(True, description="Offer SMTPUTF8.")
    is_delivery_status_notification_enabled: bool = Field(True, description="Offer DSN.")
    is_enhanced_status_codes_enabled: bool = Field(True, description="Offer ENHANCEDSTATUSCODES.")
    is_bare_linefeed_rejected: bool = Field(
        True, description="Refuse bare CR or LF in data (SMTP smuggling); off means they become CRLF."
    )
    is_ehlo_domain_required: bool = Field(
        False, description="Refuse HELO and EHLO with what is neither a domain nor an address in brackets."
    )
    is_single_label_recipient_domain_rejected: bool = Field(
        False, description="Refuse recipients at a domain without a dot, such as user@mail."
    )
    is_reserved_top_level_recipient_domain_rejected: bool = Field(
        False, description="Refuse recipients below .test, .example, .invalid and .localhost (RFC 2606)."
    )
    is_reserved_second_level_recipient_domain_rejected: bool = Field(
        False, description="Refuse recipients at example.com, example.net and example.org (RFC 2606)."
    )
