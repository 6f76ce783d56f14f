"""How much a node sends at once, in which order, and when a message is set aside (Exchange: priority queuing)."""

from __future__ import annotations

from pydantic import Field

from transport.config.objects.base import ConfigModel
from transport.config.types import Duration, Size
from transport.model.priority import Priority


class Queueing(ConfigModel):
    """Part of the organisation."""

    max_outbound_connections: int | None = Field(
        1000,
        ge=1,
        le=100_000,
        description="Connections to all next hops at once, per node; who finds none waits. Empty: no limit.",
    )
    max_idle_time_before_resubmit: Duration | None = Field(
        12 * 3600,
        ge=300,
        le=30 * 86400,
        description="Mail that waits while nothing of its queue is delivered for this long is resolved and routed "
        "again. Empty: never.",
    )
    queue_max_idle_time: Duration = Field(
        180, ge=5, le=3600, description="A queue that is empty for this long leaves the list, with its connections."
    )
    resolver_retry_interval: Duration = Field(
        15,
        ge=1,
        le=86400,
        description="How often the directory is asked again about mail that is here already while it can't answer. "
        "Exchange's is 30m.",
    )
    is_priority_queuing_enabled: bool = Field(
        False,
        description="High priority goes first within its queue, low last: by Importance, X-Priority, Priority.",
    )
    max_high_priority_message_size: Size = Field(
        250 * 1024, ge=0, description="A larger message of high priority is delivered as a normal one."
    )
    high_priority_message_expiration_timeout: Duration = Field(
        8 * 3600, ge=60, le=90 * 86400, description="When a message of high priority is given up."
    )
    low_priority_message_expiration_timeout: Duration = Field(
        2 * 86400, ge=60, le=90 * 86400, description="When a message of low priority is given up."
    )
    high_priority_delay_notification_timeout: Duration = Field(
        1800, ge=60, le=30 * 86400, description="When the sender of a message of high priority is told of its delay."
    )
    low_priority_delay_notification_timeout: Duration = Field(
        8 * 3600, ge=60, le=30 * 86400, description="When the sender of a message of low priority is told of its delay."
    )
    max_high_priority_connections: int = Field(
        3, ge=1, le=1000, description="So many messages of high priority are sent to one next hop at once, per node."
    )
    max_low_priority_connections: int = Field(
        2, ge=1, le=1000, description="So many messages of low priority are sent to one next hop at once, per node."
    )
    poison_threshold: int = Field(
        2, ge=1, le=10, description="Faults of our own with one message before it is set aside in the Poison queue."
    )

    @property
    def connection_shares(self) -> dict[int, int]:
        """By rank, how many connections to a next hop a priority may use; none where order of arrival counts."""
        if not self.is_priority_queuing_enabled:
            return {}
        return {
            Priority.HIGH.rank: self.max_high_priority_connections,
            Priority.LOW.rank: self.max_low_priority_connections,
        }
