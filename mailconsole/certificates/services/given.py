"""What people hand over, as files or as text, made one certificate with its key."""

from __future__ import annotations

from datetime import datetime

from mailconsole.certificates import pem
from mailconsole.certificates.models import ServerCertificate
from mailconsole.certificates.pem import Pair
from mailconsole.certificates.services.request import known_key

_BEGIN, _DASHES = b"-----BEGIN ", b"-----"


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
    pem.check_lengths(chain=chain, key=key, archive=archive)
    if archive:
        return pem.read_pkcs12(archive, password=password, now=now)
    key = key or _key_among(chain)
    if not key and certificate is not None:
        key = known_key(certificate, chain)
    return pem.read_pem(chain, key, password=password, now=now)


def _key_among(chain: bytes) -> bytes:
    """The first private key, whole; nothing where there is none. One pass, whatever was handed over (RFC 7468 2)."""
    begin = chain.find(_BEGIN)
    while begin >= 0:
        end = chain.find(_DASHES, begin + len(_BEGIN))
        label = chain[begin + len(_BEGIN) : max(end, 0)]
        if label.endswith(b"PRIVATE KEY"):
            last = b"-----END " + label + _DASHES
            stop = chain.find(last, end)
            return chain[begin : stop + len(last)] if stop >= 0 else b""
        begin = chain.find(_BEGIN, end) if end >= 0 else -1
    return b""
