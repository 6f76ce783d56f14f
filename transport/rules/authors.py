"""Who a message's From field says wrote it (RFC 5322 3.6.2). Pure."""

from __future__ import annotations

import re

from transport.model.address import Address, InvalidAddress
from transport.rules import address_list

_FROM = re.compile(rb"(?im)^from[ \t]*:((?:[^\r\n]|\r\n[ \t])*)")


def authors(header: bytes) -> list[Address] | None:
    """The addresses in the one From field; empty where there is none, None where it is unreadable or not the only one.

    ``header`` has CRLF line ends.
    """
    fields = _FROM.findall(header)
    if not fields:
        return []
    if len(fields) > 1:
        return None
    try:
        return address_list.parse(fields[0].replace(b"\r\n", b"").decode("utf-8", "replace"))
    except (InvalidAddress, ValueError):
        return None
