"""Whether a server's certificate carries a name (RFC 6125 6.4; Exchange's TlsDomain). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def presented(certificate: dict[str, Any] | None) -> tuple[str, ...]:
    """The DNS names of a certificate as ``ssl`` gives it; a common name is none (RFC 6125 6.4.4)."""
    return tuple(value for kind, value in (certificate or {}).get("subjectAltName", ()) if kind == "DNS")


def carries(names: Iterable[str], wanted: str) -> bool:
    """``wanted`` is a name, or ``*.domain`` for the domain and every name below it."""
    wanted = wanted.lower()
    return any(_fits(name.lower(), wanted) for name in names)


def _fits(name: str, wanted: str) -> bool:
    if wanted.startswith("*."):
        return name.removeprefix("*.") == wanted[2:] or name.endswith(wanted[1:])
    if name.startswith("*."):  # RFC 6125 6.4.3: it stands for one label, and never for a whole top level
        return name.count(".") > 1 and wanted.partition(".")[2] == name[2:]
    return name == wanted
