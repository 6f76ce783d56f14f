"""What holds for all mail."""

from __future__ import annotations

from pydantic import Field, field_validator

from transport.config import retry_ladder
from transport.config.objects.ip_filtering import IpFiltering
from transport.config.objects.pickup import PickupDirectory
from transport.config.objects.pressure import BackPressure
from transport.config.objects.protocol_logging import ProtocolLogs
from transport.config.objects.queueing import Queueing
from transport.config.objects.reports import DeliveryReports
from transport.config.objects.shadow import ShadowRedundancy
from transport.config.objects.sign_in import SignInLimits
from transport.config.objects.webhook import ReviewWebhook
from transport.config.types import MB, Duration, HostName, Line, Mailbox, Name, Size


class Organization(
    DeliveryReports,
    BackPressure,
    ShadowRedundancy,
    SignInLimits,
    PickupDirectory,
    IpFiltering,
    Queueing,
    ProtocolLogs,
    ReviewWebhook,
):
    """What holds for all mail."""

    name: Name = Field("Our organisation", description="Used in delivery status notifications.")
    postmaster_address: Mailbox | None = Field(
        None, description="Reporting address; empty means postmaster@ the default domain."
    )
    is_plus_addressing_enabled: bool = Field(
        False, description="Mail to name+anything@ is for name@, where name+anything@ is not known itself."
    )
    hostname: HostName = Field(
        "", description="Our name in SMTP where a connector has none; empty: the node's host name."
    )
    max_recipient_envelope_limit: int = Field(500, ge=1, le=512_000, description="Recipients of one message.")
    max_send_size: Size | None = Field(
        None,
        ge=1024,
        le=2048 * MB,
        description="The largest message of who signed in, and of what leaves by a relay policy. A connector, policy "
        "or recipient may have less. Empty means unlimited; Exchange's is 10 MB.",
    )
    max_receive_size: Size | None = Field(
        None,
        ge=1024,
        le=2048 * MB,
        description="The largest message for our accepted domains; where the sender signed in, a recipient's own limit "
        "stands in for it. Empty means unlimited; Exchange's is 10 MB.",
    )
    retry_ladder: Line = Field(
        "1m*4, 5m*6, 10m...", description="Waits between delivery attempts; the last one repeats."
    )
    message_expiration_timeout: Duration = Field(
        2 * 86400, ge=60, le=90 * 86400, description="Then the sender gets a non-delivery report (4.4.7)."
    )
    delay_notification_timeout: Duration = Field(
        4 * 3600, ge=60, le=30 * 86400, description="Then the sender is told that delivery is delayed."
    )
    is_delay_dsn_enabled: bool = Field(True, description="Tell senders about delays; off: nobody is told.")
    is_internal_delay_dsn_enabled: bool = Field(
        True,
        description="Delays are told to senders at our accepted domains. Without effect where no delay is told at all.",
    )
    is_external_delay_dsn_enabled: bool = Field(
        True, description="Delays are told to all other senders. Without effect where no delay is told at all."
    )
    dsn_max_message_attach_size: Size = Field(
        10 * MB, ge=0, description="A larger original is returned as headers only."
    )
    internal_dsn_max_message_attach_size: Size | None = Field(
        None,
        ge=0,
        description="The same for senders at our accepted domains. Empty: as for all others.",
    )

    @field_validator("retry_ladder")
    @classmethod
    def _ladder_is_readable(cls, value: str) -> str:
        retry_ladder.parse(value)
        return value
