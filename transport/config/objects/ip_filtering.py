"""What holds for the IP allow and block lists as a whole (Exchange: IPBlockListConfig)."""

from __future__ import annotations

from pydantic import Field

from transport.config.objects.base import ConfigModel
from transport.config.types import ReplyText


class IpFiltering(ConfigModel):
    """A part of the organisation's settings."""

    static_entry_rejection_response: ReplyText = Field(
        "Access denied", description="What clients on the IP block list are told: %0 is their address."
    )
