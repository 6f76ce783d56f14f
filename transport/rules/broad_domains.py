"""Whether a domain, or a pattern of domains, names all of a domain of ours, or of a registry. Pure."""

from __future__ import annotations

Own = frozenset[str]
"""The accepted domains, in lower case: whoever names one of them whole names most of the mail."""
_REGISTRIES = frozenset(("ac", "co", "com", "edu", "go", "gob", "gov", "govt", "ltd", "mil", "ne", "net", "nom", "or",
                         "org", "plc", "sch"))  # fmt: skip
"""Below a country's domain these are no organisation's, such as co.uk: names are registered below them."""


def is_registry(domain: str) -> bool:
    first, _, rest = domain.lower().partition(".")
    return not rest or (len(rest) == 2 and first in _REGISTRIES)


def named_whole(pattern: str, own: Own) -> str:
    """The domain of ours that ``contoso.com``, ``*.contoso.com`` or what is above it names whole; empty where none."""
    name = pattern.lower()
    if not name.startswith("*."):
        return name if name in own else ""
    return next((one for one in sorted(own) if one == name[2:] or one.endswith(name[1:])), "")
