"""In which order queued messages go, and when one is set aside (Exchange: priority queuing, poison messages)."""

from __future__ import annotations

from pydantic import Field

from transport.config.objects.base import ConfigModel
from transport.config.types import Size


class Queueing(ConfigModel):
    """Part of the organisation."""

    is_priority_queuing_enabled: bool = Field(
        False,
        description="High priority goes first within its queue, low last: by Importance, X-Priority, Priority.",
    )
    max_high_priority_message_size: Size = Field(
        250 * 1024, ge=0, description="A larger message of high priority is delivered as a normal one."
    )
    poison_threshold: int = Field(
        2, ge=1, le=10, description="Faults of our own with one message before it is set aside in the Poison queue."
    )
