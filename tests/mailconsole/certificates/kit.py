"""Certificates as people hand them over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from mailconsole.accounts.models import User
from mailconsole.certificates.models import ServerCertificate
from mailconsole.certificates.services.given import read_given
from mailconsole.certificates.services.keep import add_certificate
from tests.support.certificates import Authority, Certificate


def now() -> datetime:
    return datetime.now(UTC)


def given(made: Certificate, **more: Any) -> dict[str, Any]:
    return {"chain": made.chain.read_bytes(), "key": made.key.read_bytes(), **more}


def added(authority: Authority, actor: User, *hosts: str, name: str = "mail", days: int = 60) -> ServerCertificate:
    pair = read_given(now=now(), **given(authority.issue(*hosts or ("mail.acme.example",), days=days)))
    return add_certificate(name=name, pair=pair, actor=actor, now=now())


def archive(made: Certificate, password: bytes = b"secret") -> bytes:
    leaf, *others = x509.load_pem_x509_certificates(made.chain.read_bytes())
    key = serialization.load_pem_private_key(made.key.read_bytes(), None)
    seal = serialization.BestAvailableEncryption(password)
    return pkcs12.serialize_key_and_certificates(b"mail", key, leaf, others, seal)
