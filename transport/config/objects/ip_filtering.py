"""What holds for the lists of clients as a whole (Exchange: IPBlockListConfig, InternalSMTPServers)."""

from __future__ import annotations

from pydantic import Field

from transport.config.objects.base import ConfigModel
from transport.config.types import Network, ReplyText


class IpFiltering(ConfigModel):
    """A part of the organisation's settings."""

    internal_smtp_servers: tuple[Network, ...] = Field(
        (),
        description="Relays of our own in front of us. Of their mail the lists of clients are asked about the first "
        "address in its Received fields that is none of these, at the end of the data (550 5.7.1). Who signed in, "
        "there or here, is asked about nothing.",
    )
    static_entry_rejection_response: ReplyText = Field(
        "Access denied", description="What clients on the IP block list are told: %0 is their address."
    )
