"""The TLS contexts of the SMTP client, one for each demand on the certificate; made once."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transport.delivery.tls_policy import Verification


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """One of the node's, as PEM files."""

    certificate: Path
    key: Path


class CertificateMissing(Exception):
    """No certificate on this node has the name that is ``str()``."""


def no_certificates(name: str) -> ClientCertificate | None:
    """For a node without any."""
    return None


class TlsContexts:
    """``ca_file`` holds the trusted roots as PEM; None means the system's. ``find`` gives the certificate of a name, as
    the files are now, and the node's own for an empty one."""

    def __init__(
        self,
        ca_file: Path | None = None,
        find: Callable[[str], ClientCertificate | None] = no_certificates,
    ) -> None:
        self._ca_file = ca_file
        self._find = find
        self._made: dict[Verification, ssl.SSLContext] = {}
        self._showing: dict[tuple[Verification, str], tuple[object, ssl.SSLContext]] = {}

    def get(self, verification: Verification) -> ssl.SSLContext:
        """The context that verifies as demanded. Raises OSError, ssl.SSLError when a file cannot be read."""
        context = self._made.get(verification)
        if context is None:
            context = self._made[verification] = self._make(verification)
        return context

    def showing(self, verification: Verification, name: str) -> ssl.SSLContext:
        """The same that shows the certificate ``name``; made anew when its file changed. Raises CertificateMissing,
        OSError, ssl.SSLError."""
        found = self._find(name)
        if found is None:
            raise CertificateMissing(name)
        state = found, found.certificate.stat().st_mtime_ns
        made = self._showing.get((verification, name))
        if made is None or made[0] != state:
            context = self._make(verification)
            context.load_cert_chain(found.certificate, found.key, password="")
            made = self._showing[verification, name] = state, context
        return made[1]

    def _make(self, verification: Verification) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)
        context.check_hostname = verification.is_name_required
        context.verify_mode = ssl.CERT_REQUIRED if verification.is_chain_required else ssl.CERT_NONE
        return context
