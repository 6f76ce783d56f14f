"""One server certificate with its key, and which of several is the best for a name."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID, NameOID

SOON_S = 14 * 86400
"""How long before its end a certificate is a problem."""


class CertificateUnusable(Exception):
    """The files hold no certificate with its key; ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """``name`` is what its files are called; ``names`` the host names in it, in lower case, wildcards too. Times are
    unix seconds, ``fingerprint`` is SHA-256 in lower hex."""

    name: str
    chain: Path
    key: Path
    names: tuple[str, ...]
    issuer: str
    not_before: float
    not_after: float
    is_self_signed: bool
    fingerprint: str

    def covers(self, host: str) -> bool:
        """Whether it is for ``host``; a wildcard stands for one label (RFC 6125 6.4.3)."""
        host = host.lower().rstrip(".")
        _, dot, parent = host.partition(".")
        return host in self.names or (bool(dot) and f"*.{parent}" in self.names)

    def is_called(self, name: str) -> bool:
        """Whether ``name`` is what its files are called, or one of the names in it."""
        return name.lower() == self.name.lower() or self.covers(name)

    def is_valid(self, now: float) -> bool:
        return self.not_before <= now < self.not_after


def read(name: str, chain: Path, key: Path) -> Certificate:
    """Read the leaf, and see whether the key is its own. Raises CertificateUnusable."""
    try:
        leaf = x509.load_pem_x509_certificates(chain.read_bytes())[0]
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, password="")
    except ssl.SSLError as error:
        raise CertificateUnusable(f"its key does not fit, or asks for a password ({error.reason})") from error
    except (OSError, ValueError, IndexError) as error:
        raise CertificateUnusable(getattr(error, "strerror", None) or "it holds no certificate in PEM") from error
    return Certificate(
        name=name,
        chain=chain,
        key=key,
        names=tuple(dict.fromkeys(one.lower() for one in _names(leaf))),
        issuer=leaf.issuer.rfc4514_string(),
        not_before=leaf.not_valid_before_utc.timestamp(),
        not_after=leaf.not_valid_after_utc.timestamp(),
        is_self_signed=leaf.issuer == leaf.subject,
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
    )


def _names(leaf: x509.Certificate) -> list[str]:
    """The subject's alternative names; the common name counts only without them (RFC 6125 6.4.4)."""
    try:
        found = leaf.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        return [str(one.value) for one in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    assert isinstance(found, x509.SubjectAlternativeName)
    addresses = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return [*found.get_values_for_type(x509.DNSName), *addresses]


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
