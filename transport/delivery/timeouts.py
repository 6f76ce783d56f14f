"""How long a server may take (RFC 5321 4.5.3.2), in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """``connect_s`` is Exchange's and Postfix's; ``quit_s`` ours; the rest are RFC 5321 4.5.3.2.1 to .6."""

    connect_s: float = 30.0
    banner_s: float = 300.0
    command_s: float = 300.0
    tls_s: float = 60.0
    mail_s: float = 300.0
    rcpt_s: float = 300.0
    data_s: float = 120.0
    block_s: float = 180.0
    dot_s: float = 600.0
    quit_s: float = 5.0
