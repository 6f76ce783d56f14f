"""Domains in Unicode as DNS knows them (RFC 5890 2.3.2.1). Pure."""

from __future__ import annotations

# IDNA 2008 keeps what 2003, which Python knows, would turn into another domain: straße is not strasse (RFC 5894 7.2).
_DEVIATIONS = frozenset("ßς")


def to_a_labels(domain: str) -> str:
    """The domain in ASCII, unchanged where it has no such form."""
    if domain.isascii():
        return domain
    try:
        return ".".join(_a_label(label) for label in domain.split("."))
    except UnicodeError:
        return domain


def _a_label(label: str) -> str:
    if label.isascii():
        return label
    if _DEVIATIONS.isdisjoint(label.lower()):
        return label.encode("idna").decode("ascii")
    encoded = f"xn--{label.lower().encode('punycode').decode('ascii')}"
    if len(encoded) > 63:
        raise UnicodeError("label too long")
    return encoded
