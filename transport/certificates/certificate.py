"""One server certificate with its key, and which of several is the best for a name."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from transport.rules.host_names import covers, names_in

SOON_S = 14 * 86400
"""How long before its end a certificate is a problem."""


class CertificateUnusable(Exception):
    """The files hold no certificate with its key; ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """``name`` is what its files are called; ``names`` the host names in it, in lower case, wildcards too. Times are
    unix seconds, ``fingerprint`` is SHA-256 in lower hex; ``password`` opens the key."""

    name: str
    chain: Path
    key: Path
    names: tuple[str, ...]
    issuer: str
    not_before: float
    not_after: float
    is_self_signed: bool
    fingerprint: str
    password: str = field(default="", repr=False)

    def covers(self, host: str) -> bool:
        """Whether it is for ``host``."""
        return covers(self.names, host)

    def is_called(self, name: str) -> bool:
        """Whether ``name`` is what its files are called, or one of the names in it."""
        return name.lower() == self.name.lower() or self.covers(name)

    def is_valid(self, now: float) -> bool:
        return self.not_before <= now < self.not_after


def read(name: str, chain: Path, key: Path, passwords: Sequence[str] = ("",)) -> Certificate:
    """Read the leaf, and see whether the key is its own and one of ``passwords`` opens it. Raises
    CertificateUnusable."""
    try:
        leaf = x509.load_pem_x509_certificates(chain.read_bytes())[0]
        password = _opens(chain, key, passwords)
    except ssl.SSLError as error:
        raise CertificateUnusable(f"its key does not fit, or asks for a password ({error.reason})") from error
    except (OSError, ValueError, IndexError) as error:
        raise CertificateUnusable(getattr(error, "strerror", None) or "it holds no certificate in PEM") from error
    return Certificate(
        name=name,
        chain=chain,
        key=key,
        names=names_in(leaf),
        issuer=leaf.issuer.rfc4514_string(),
        not_before=leaf.not_valid_before_utc.timestamp(),
        not_after=leaf.not_valid_after_utc.timestamp(),
        is_self_signed=leaf.issuer == leaf.subject,
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
        password=password,
    )


def _opens(chain: Path, key: Path, passwords: Sequence[str]) -> str:
    """Which password opens the key. Raises SSLError of the last one, OSError."""
    *others, last = passwords
    for password in others:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, password=password)
        except ssl.SSLError:
            continue
        return password
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, password=last)
    return last


def best(certificates: Iterable[Certificate], *, now: float) -> Certificate | None:
    """Exchange's choice among those that fit: valid ones first, then of an authority, then the newest."""
    return max(
        certificates,
        key=lambda one: (one.is_valid(now), not one.is_self_signed, one.not_before, one.name),
        default=None,
    )


def problem_of(certificate: Certificate, *, now: float) -> str:
    """What is wrong with its time, as a sentence; empty where nothing is."""
    ends = datetime.fromtimestamp(certificate.not_after, UTC)
    if now >= certificate.not_after:
        return f"The certificate {certificate.name} expired on {ends:%Y-%m-%d}: peers that verify it refuse it."
    if now < certificate.not_before:
        begins = datetime.fromtimestamp(certificate.not_before, UTC)
        return f"The certificate {certificate.name} is not valid before {begins:%Y-%m-%d}."
    if certificate.not_after - now < SOON_S:
        return f"The certificate {certificate.name} expires on {ends:%Y-%m-%d}."
    return ""
