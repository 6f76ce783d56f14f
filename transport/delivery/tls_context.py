"""The TLS contexts of the SMTP client, one for each demand on the certificate; made once."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from transport.delivery.tls_policy import Verification


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The node's own, as PEM files."""

    certificate: Path
    key: Path


class TlsContexts:
    """``ca_file`` holds the trusted roots as PEM; None means the system's. ``own`` is what is shown where that is asked
    for."""

    def __init__(self, ca_file: Path | None = None, own: ClientCertificate | None = None) -> None:
        self._ca_file = ca_file
        self._own = own
        self._made: dict[tuple[Verification, bool], ssl.SSLContext] = {}

    def get(self, verification: Verification, *, is_own_shown: bool = False) -> ssl.SSLContext:
        """The context that verifies as demanded. Raises OSError, ssl.SSLError when a file cannot be read."""
        context = self._made.get((verification, is_own_shown))
        if context is None:
            context = self._made[verification, is_own_shown] = self._make(verification, is_own_shown)
        return context

    def _make(self, verification: Verification, is_own_shown: bool) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)
        context.check_hostname = verification.is_name_required
        context.verify_mode = ssl.CERT_REQUIRED if verification.is_chain_required else ssl.CERT_NONE
        if is_own_shown and self._own is not None:
            context.load_cert_chain(self._own.certificate, self._own.key)
        return context
