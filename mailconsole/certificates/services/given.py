"""What people hand over, as files or as text, made one certificate with its key."""

from __future__ import annotations

import re
from datetime import datetime

from mailconsole.certificates import pem
from mailconsole.certificates.models import ServerCertificate
from mailconsole.certificates.pem import Pair
from mailconsole.certificates.services.request import known_key

_KEY = re.compile(rb"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.+?-----END \1PRIVATE KEY-----", re.DOTALL)


def read_given(
    *,
    now: datetime,
    chain: bytes = b"",
    key: bytes = b"",
    archive: bytes = b"",
    password: str = "",
    certificate: ServerCertificate | None = None,
) -> Pair:
    """A PKCS#12 archive, or PEM; the key may stand among the certificates, and may be missing where ``certificate``
    has it. Raises BadCertificate."""
    if archive:
        return pem.read_pkcs12(archive, password=password, now=now)
    if not key and (found := _KEY.search(chain)):
        key = found.group()
    if not key and certificate is not None:
        key = known_key(certificate, chain)
    return pem.read_pem(chain, key, password=password, now=now)
