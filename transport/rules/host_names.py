"""Which host names a certificate is for (RFC 6125). Pure."""

from __future__ import annotations

from collections.abc import Collection

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID


def names_in(leaf: x509.Certificate) -> tuple[str, ...]:
    """The subject's alternative names in lower case, each once; the common name counts only without them (RFC 6125
    6.4.4)."""
    return tuple(dict.fromkeys(one.lower() for one in _names(leaf)))


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        found = leaf.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        return [str(one.value) for one in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    assert isinstance(found, x509.SubjectAlternativeName)
    addresses = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return [*found.get_values_for_type(x509.DNSName), *addresses]


def covers(names: Collection[str], host: str) -> bool:
    """Whether one of ``names`` is ``host``'s; a wildcard stands for one label (RFC 6125 6.4.3)."""
    host = host.lower().rstrip(".")
    _, dot, parent = host.partition(".")
    return host in names or (bool(dot) and f"*.{parent}" in names)
