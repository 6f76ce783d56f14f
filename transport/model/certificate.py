"""What a receive connector shows of itself in TLS, for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PresentedCertificate:
    """The certificate of one connector on one node. Times are unix seconds; ``problem`` is a sentence, empty where all
    is well; names and issuer are hostile text. Without a certificate ``name`` is empty."""

    connector_id: str
    name: str = ""
    names: tuple[str, ...] = ()
    issuer: str = ""
    not_after: float = 0.0
    is_self_signed: bool = False
    problem: str = ""
