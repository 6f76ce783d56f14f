"""Whether a pattern of domains names all of a domain of ours, or of a registry; and which networks are broad. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from transport.config.validate_policies import broad_of, is_broad

Own = frozenset[str]
"""The accepted domains, in lower case: whoever names one of them whole names most of the mail."""
MANY_ADDRESSES = 25
"""Of one object or one change: no more one person's."""
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


def broad_networks(networks: Iterable[str], does: str) -> str:
    """What is done to those that are broad, alone or together; empty where none are."""
    found = broad_of(networks)
    alone = tuple(filter(is_broad, found))
    if found and not alone:
        return f"{does} {len(found)} networks that are broad together"
    return f"{does} the broad network{'s' if len(alone) > 1 else ''} {', '.join(alone[:3])}" if alone else ""
