"""How many wrong passwords are too many. They are counted by each node for itself."""

from __future__ import annotations

from pydantic import Field

from transport.config.objects.base import ConfigModel
from transport.config.types import Duration


class SignInLimits(ConfigModel):
    """What keeps passwords from being guessed, whatever the connection; a part of the organisation's settings."""

    max_failed_logons_per_account: int | None = Field(
        10, ge=1, description="Wrong passwords for one user; then AUTH as that user waits (454). Empty: no limit."
    )
    max_failed_logons_per_network: int | None = Field(
        50, ge=1, description="Wrong passwords from one /24 or /64; then AUTH from there waits (421). Empty: no limit."
    )
    failed_logon_window: Duration = Field(900, ge=60, le=86400, description="How long a wrong password counts.")
