"""What the certificates' services refuse."""

from __future__ import annotations

from mailconsole.common.refusals import Refusal


class BadCertificate(Refusal):
    """What was given is no certificate with its key that could be shown to a peer."""


class BadName(Refusal):
    """No certificate can be called so."""


class NameTaken(Refusal):
    """Another certificate has the name."""


class CertificateInUse(Refusal):
    """Connectors show it: without it they would show another one, or none."""
