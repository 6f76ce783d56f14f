"""Pure: how one entry names another. Active Directory is asked for <GUID=...>;<SID=...>;DN; others give a bare DN."""

import uuid

_PREFIX = "<GUID="


def plain_dn(name: str) -> str:
    """The distinguished name alone."""
    while name.startswith("<"):
        _, found, name = name.partition(">;")
        if not found:
            return ""
    return name


def reference(name: str) -> str:
    """The object GUID where the name holds one, else the distinguished name as it is."""
    if not name.startswith(_PREFIX):
        return name
    text, _, rest = name[len(_PREFIX) :].partition(">")
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return plain_dn(rest.removeprefix(";"))


def is_guid(name: str) -> bool:
    """Whether a reference is an object GUID; no distinguished name is without a =."""
    return bool(name) and "=" not in name
