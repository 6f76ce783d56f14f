"""The node's own certificate: made at first start, so that STARTTLS works before anyone has bought one."""

from __future__ import annotations

import datetime
import fcntl
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID_DAYS = 5 * 365  # as long as Exchange's self-signed certificate
RENEW_DAYS = 30
CERTIFICATE_NAME = "cert.pem"
KEY_NAME = "key.pem"


def ensure_self_signed(folder: Path, *, hostname: str, now: datetime.datetime) -> tuple[Path, Path]:
    """Return the paths of certificate and key in ``folder``, making both when there is none. Raises OSError.

    Several processes may call it at once: one makes it, the others wait.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    certificate, key = folder / CERTIFICATE_NAME, folder / KEY_NAME
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (certificate.exists() and key.exists()) or _is_over(certificate, now):
            certificate_pem, key_pem = _make(hostname, now)
            _write(key, key_pem)
            _write(certificate, certificate_pem)
    return certificate, key


def _is_over(certificate: Path, now: datetime.datetime) -> bool:
    """Whether the certificate that was made here ends within a month. One that people put in its place is theirs."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError):
        return False
    is_ours = found.issuer == found.subject
    return is_ours and found.not_valid_after_utc - now < datetime.timedelta(days=RENEW_DAYS)


def _make(hostname: str, now: datetime.datetime) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])
    names = [x509.DNSName(name) for name in dict.fromkeys((hostname, "localhost"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
