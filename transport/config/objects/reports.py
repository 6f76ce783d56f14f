"""What senders are told, in which language and how often; the parts of it that are not as old as Exchange's queue."""

from __future__ import annotations

from pydantic import Field, field_validator

from transport.config import dsn_words
from transport.config.objects.base import ConfigModel
from transport.config.types import DsnLanguage, EnhancedStatus, SystemMessage


class DeliveryReports(ConfigModel):
    """Delivery status notifications; a part of the organisation's settings."""

    dsn_language: DsnLanguage = Field(
        dsn_words.DEFAULT, description="The language of what people read in notifications."
    )
    system_messages: tuple[SystemMessage, ...] = Field(
        (),
        max_length=100,
        description="What people read about a status instead of our words, in failures and delays: the status, then "
        "your text, such as 5.1.1 Ask the help desk, phone 4711. Exchange's New-SystemMessage.",
    )
    generate_copy_of_dsn_for: tuple[EnhancedStatus, ...] = Field(
        (),
        description="The postmaster gets a copy of each report of a failure with one of these statuses, such as 5.4.6.",
    )
    dsn_rate_limit_per_sender_per_hour: int | None = Field(
        500,
        ge=1,
        description="Notifications to one address within an hour; more are not sent, and counted as suppressed. What "
        "mail flow rules tell the address is counted apart, up to the same number. Empty: no limit.",
    )
    dsn_rate_limit_per_min: int | None = Field(
        600, ge=1, description="Notifications a minute from one node; more wait their turn. Empty: no limit."
    )

    @field_validator("system_messages")
    @classmethod
    def _each_status_once(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        seen: set[str] = set()
        for status in (value.partition(" ")[0] for value in values):
            if status in seen:
                raise ValueError(f"{status} is there twice")
            seen.add(status)
        return values
