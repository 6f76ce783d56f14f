"""Back pressure: from which readings on a node takes less mail, or none (Exchange: ResourceThrottling)."""

from __future__ import annotations

from pydantic import Field

from transport.config.objects.base import ConfigModel
from transport.config.types import MB, Size


class BackPressure(ConfigModel):
    """Part of the organisation. At Medium mail from outside waits (452 4.3.1), at High all new mail."""

    is_back_pressure_enabled: bool = Field(
        True, description="Take less mail when queue, disk or memory run short. Off only for a test."
    )
    queue_length_medium: int | None = Field(
        1_500_000, ge=1, le=100_000_000, description="Messages on one node from which mail from outside waits."
    )
    queue_length_high: int | None = Field(
        2_000_000, ge=1, le=100_000_000, description="Messages on one node from which all new mail waits."
    )
    spool_disk_used_medium: int = Field(
        96, ge=1, le=100, description="Percent of the spool's disk in use from which mail from outside waits."
    )
    spool_disk_used_high: int = Field(
        99, ge=1, le=100, description="Percent of the spool's disk in use from which all new mail waits."
    )
    spool_disk_free_medium: Size = Field(
        500 * MB, ge=0, description="Free space on the spool's disk below which mail from outside waits."
    )
    spool_disk_free_high: Size = Field(
        100 * MB, ge=0, description="Free space on the spool's disk below which all new mail waits."
    )
    memory_used_medium: int = Field(
        72, ge=1, le=100, description="Percent of the memory held by one node from which mail from outside waits."
    )
    memory_used_high: int = Field(
        75, ge=1, le=100, description="Percent of the memory held by one node from which all new mail waits."
    )
