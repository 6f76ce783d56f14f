"""Whether a connection goes on in TLS, in clear, or not at all. Pure. RFC 3207, RFC 7435; Exchange's TlsAuthLevel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from transport.config.objects import TlsLevel


class TlsStep(StrEnum):
    """What to do after EHLO."""

    CLEAR = "clear"
    START_TLS = "starttls"
    REFUSE = "refuse"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    TlsStep.CLEAR: "Go on without TLS.",
    TlsStep.START_TLS: "Start TLS, then say EHLO again.",
    TlsStep.REFUSE: "TLS is required and not to be had: send nothing.",
}

_REQUIRED = frozenset({TlsLevel.ENCRYPTION_ONLY, TlsLevel.CERTIFICATE_VALIDATION, TlsLevel.DOMAIN_VALIDATION})


@dataclass(frozen=True, slots=True)
class Verification:
    """What of the server's certificate must hold."""

    is_chain_required: bool
    is_name_required: bool


def step(level: TlsLevel, *, is_offered: bool, has_failed: bool) -> TlsStep:
    """What to do with a server; ``has_failed``: TLS with it did not work a moment ago, on another connection."""
    if level in _REQUIRED:
        return TlsStep.START_TLS if is_offered else TlsStep.REFUSE
    if level is TlsLevel.OPPORTUNISTIC and is_offered and not has_failed:
        return TlsStep.START_TLS
    return TlsStep.CLEAR


def may_fall_back(level: TlsLevel) -> bool:
    """Whether a failed handshake leads to a try in clear (RFC 7435 4.2: better than nothing, which clear also is)."""
    return level not in _REQUIRED


def verification(level: TlsLevel, *, has_own_name: bool = False) -> Verification:
    """What is demanded of the certificate at ``level``; ``has_own_name``: it is compared with a name of ours later."""
    return Verification(
        is_chain_required=level in (TlsLevel.CERTIFICATE_VALIDATION, TlsLevel.DOMAIN_VALIDATION),
        is_name_required=level is TlsLevel.DOMAIN_VALIDATION and not has_own_name,
    )
