"""The Pickup directory: files that applications on the machine drop to be sent (Exchange's limits and defaults)."""

from __future__ import annotations

from pydantic import Field

from transport.config.objects.base import ConfigModel
from transport.config.types import MB, Size


class PickupDirectory(ConfigModel):
    """A part of the organisation's settings. Each node has a directory; who may write there may send to anybody."""

    is_pickup_enabled: bool = Field(True, description="Send the .eml files that appear in a node's Pickup directory.")
    pickup_directory_max_messages_per_minute: int = Field(
        100, ge=1, le=20_000, description="Files taken in a minute, per node; further ones wait."
    )
    pickup_directory_max_header_size: Size = Field(
        64 * 1024, ge=1024, le=16 * MB, description="A file with a larger header becomes .bad."
    )
    pickup_directory_max_recipients_per_message: int = Field(
        100, ge=1, le=10_000, description="A file with more recipients becomes .bad."
    )
    pickup_directory_max_message_size: Size = Field(
        36 * MB, ge=1024, le=2048 * MB, description="A larger file becomes .bad."
    )
