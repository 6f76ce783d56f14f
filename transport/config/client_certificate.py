"""How a client certificate is named: by its SHA-256 thumbprint, or by attributes of its subject (``CN=scanner-1``)."""

from __future__ import annotations

import re

_THUMBPRINT = re.compile(r"[0-9a-f]{64}")
_ATTRIBUTES = {
    "CN": "commonName",
    "O": "organizationName",
    "OU": "organizationalUnitName",
    "C": "countryName",
    "L": "localityName",
    "ST": "stateOrProvinceName",
    "SERIALNUMBER": "serialNumber",
}
Attributes = frozenset[tuple[str, str]]


def canonical(text: str) -> str:
    """The name as the document keeps it: 64 hexadecimal digits, or ``CN=...; O=...``. Raises ValueError."""
    digits = re.sub(r"[\s:]", "", text).lower().removeprefix("sha256")
    if _THUMBPRINT.fullmatch(digits) is not None:
        return digits
    return "; ".join(f"{name}={value}" for name, value in _parts(text))


def is_thumbprint(name: str) -> bool:
    return _THUMBPRINT.fullmatch(name) is not None


def attributes(name: str) -> Attributes:
    """What the subject must hold, attributes in OpenSSL's long names and values in lower case."""
    return frozenset((_ATTRIBUTES[short], value.casefold()) for short, value in _parts(name))


def subject_attributes(subject: str) -> Attributes:
    """A subject as ``TlsFacts`` has it: ``name=value`` joined by a comma and a space, commas in values escaped."""
    parts = [part.partition("=") for part in re.split(r"(?<!\\), ", subject)]
    return frozenset((name, value.replace("\\,", ",").casefold()) for name, _, value in parts)


def _parts(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for part in text.split(";"):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not value or name.upper() not in _ATTRIBUTES:
            raise ValueError(
                f"'{text}' is not a client certificate; write its SHA-256 thumbprint (64 hexadecimal digits) "
                "or its subject, for example CN=scanner-1; O=Contoso"
            )
        found.append((name.upper(), value))
    return found
