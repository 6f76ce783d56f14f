"""A second copy of each message on another node (Exchange's shadow redundancy)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from transport.config.objects.base import ConfigModel
from transport.config.types import Duration


class ShadowPreference(StrEnum):
    """Which nodes may hold the copy: Exchange's ShadowMessagePreferenceSetting."""

    PREFER_REMOTE = "PreferRemote"
    REMOTE_ONLY = "RemoteOnly"
    LOCAL_ONLY = "LocalOnly"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    ShadowPreference.PREFER_REMOTE: "A node on another machine where there is one, else one on this machine.",
    ShadowPreference.REMOTE_ONLY: "Only a node on another machine: the loss of a machine loses no mail.",
    ShadowPreference.LOCAL_ONLY: "Only a node on the same machine.",
}


class ShadowRedundancy(ConfigModel):
    """Off by default; a part of the organisation's settings. The times mean what they mean to Exchange."""

    is_shadow_redundancy_enabled: bool = Field(
        False, description="Before a message is accepted, another node keeps a copy; it delivers if this node is lost."
    )
    is_message_rejected_on_shadow_failure: bool = Field(
        False, description="Where no other node can keep the copy: refuse (450 4.5.1) instead of accepting without one."
    )
    shadow_message_preference: ShadowPreference = Field(
        ShadowPreference.PREFER_REMOTE, description="Where the copy may be kept."
    )
    shadow_heartbeat_frequency: Duration = Field(
        120, ge=1, le=3600, description="How often nodes tell each other that they live."
    )
    shadow_resubmit_time_span: Duration = Field(
        3 * 3600,
        ge=2,
        le=30 * 86400,
        description="After that silence a node's mail is delivered from the copies.",
    )
    shadow_message_auto_discard_interval: Duration = Field(
        2 * 86400,
        ge=60,
        le=90 * 86400,
        description="How long a lost node can ask what was delivered for it.",
    )
