"""Protocol logs: what was said in SMTP sessions, for those who look for a fault (Exchange's words and defaults)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from transport.config.objects.base import ConfigModel
from transport.config.types import MB, Duration, Size


class ProtocolLoggingLevel(StrEnum):
    """Whether a connector's sessions are logged."""

    NONE = "None"
    VERBOSE = "Verbose"

    @property
    def sentence(self) -> str:
        return {
            ProtocolLoggingLevel.NONE: "Nothing is logged.",
            ProtocolLoggingLevel.VERBOSE: "Each command and reply is logged; credentials and messages never are.",
        }[self]


class ProtocolLogs(ConfigModel):
    """A part of the organisation's settings. Each node has one log of what came in and one of what went out."""

    protocol_log_max_age: Duration = Field(
        30 * 86400, ge=3600, le=3650 * 86400, description="Older files of a protocol log are removed."
    )
    protocol_log_max_directory_size: Size = Field(
        250 * MB, ge=MB, le=1024 * 1024 * MB, description="The oldest files of a protocol log go beyond this in all."
    )
    protocol_log_max_file_size: Size = Field(
        10 * MB, ge=64 * 1024, le=1024 * MB, description="Then another file of a protocol log is begun; also each hour."
    )
