"""What a receive connector takes at most, with Exchange's names and defaults."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from transport.config.objects.base import ConfigModel
from transport.config.types import MB, Duration, Size


class MessageRateSource(StrEnum):
    """Whose messages the message rate limit counts."""

    NONE = "None"
    IP_ADDRESS = "IPAddress"
    USER = "User"
    ALL = "All"

    @property
    def sentence(self) -> str:
        return {
            MessageRateSource.NONE: "Nobody's: the message rate is not limited.",
            MessageRateSource.IP_ADDRESS: "Those of each address.",
            MessageRateSource.USER: "Those of each user who signed in; of others none.",
            MessageRateSource.ALL: "Those of each address, and those of each user who signed in.",
        }[self]


class ReceiveLimits(ConfigModel):
    """The limits of a receive connector; each holds for a node by itself."""

    max_inbound_connections: int = Field(5000, ge=1, le=100_000, description="Connections at once, per node.")
    max_inbound_connections_per_source: int | None = Field(
        20, ge=1, description="Connections at once from one address; empty means unlimited."
    )
    max_inbound_connection_percentage_per_source: int = Field(
        2, ge=1, le=100, description="Share of the connections still free that one address may have; 100: all."
    )
    max_connection_rate_per_min: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="New connections a minute from all clients together; more are put off with 421. Empty means "
        "unlimited; Exchange's is 1200.",
    )
    message_rate_limit_per_min: int | None = Field(
        None, ge=1, description="Messages a minute from one source; empty means unlimited."
    )
    message_rate_source: MessageRateSource = Field(
        MessageRateSource.IP_ADDRESS, description="Whose messages the rate counts."
    )
    max_recipients_per_message: int = Field(200, ge=1, le=512_000, description="More are deferred with 452 4.5.3.")
    max_message_size: Size = Field(36 * MB, ge=1024, le=2048 * MB, description="Larger is refused with 552 5.3.4.")
    max_header_size: Size = Field(256 * 1024, ge=1024, le=16 * MB, description="Larger is refused with 552 5.3.4.")
    max_hop_count: int = Field(30, ge=1, le=500, description="More Received headers mean a loop: 554 5.4.6.")
    max_local_hop_count: int = Field(
        8, ge=0, le=50, description="More Received headers of our own mean a loop: 554 5.4.6. 0 means it is not asked."
    )
    max_protocol_errors: int = Field(5, ge=0, le=10, description="Then the connection is closed; 0 means never.")
    max_logon_failures: int = Field(3, ge=0, le=10, description="Then the connection is closed; 0 means never.")
    connection_timeout: Duration = Field(600, ge=1, le=86400, description="How long a session may last in all.")
    connection_inactivity_timeout: Duration = Field(300, ge=1, le=86400, description="How long a peer may be silent.")
    min_data_rate: Size = Field(
        500, ge=0, le=MB, description="Octets a second that a message must come with, after the first minute; 0: any."
    )
    tarpit_interval: Duration = Field(5, ge=0, le=600, description="Delay before a refusal to an anonymous peer.")
    auth_tarpit_interval: Duration = Field(5, ge=0, le=600, description="Delay before AUTH is refused.")
    banner_delay: Duration = Field(
        0, ge=0, le=60, description="Wait before the greeting; who speaks before it is refused with 554. 0: no wait."
    )

    @model_validator(mode="after")
    def _timeouts_fit(self) -> Self:
        if self.connection_timeout <= self.connection_inactivity_timeout:
            raise ValueError("connection_timeout must be longer than connection_inactivity_timeout")
        return self
