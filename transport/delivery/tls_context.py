"""The TLS contexts of the SMTP client, one for each demand on the certificate; made once."""

from __future__ import annotations

import ssl
from pathlib import Path

from transport.delivery.tls_policy import Verification


class TlsContexts:
    """``ca_file`` holds the trusted roots as PEM; None means the system's."""

    def __init__(self, ca_file: Path | None = None) -> None:
        self._ca_file = ca_file
        self._made: dict[Verification, ssl.SSLContext] = {}

    def get(self, verification: Verification) -> ssl.SSLContext:
        """The context that verifies as demanded. Raises OSError, ssl.SSLError when the roots cannot be read."""
        context = self._made.get(verification)
        if context is None:
            context = self._made[verification] = self._make(verification)
        return context

    def _make(self, verification: Verification) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)
        context.check_hostname = verification.is_name_required
        context.verify_mode = ssl.CERT_REQUIRED if verification.is_chain_required else ssl.CERT_NONE
        return context
