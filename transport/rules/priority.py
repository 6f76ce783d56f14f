"""Which priority a message has, by what its header says. Pure."""

from __future__ import annotations

import re

from transport.config.objects import Organization
from transport.model.priority import Priority

MAX_HEADER_BYTES = 65_536
_FIELD = re.compile(rb"^(importance|x-priority|priority):[ \t]*([A-Za-z0-9-]+)", re.IGNORECASE | re.MULTILINE)
_WORDS = {
    (b"importance", b"high"): Priority.HIGH,  # RFC 4021 2.1.54
    (b"importance", b"low"): Priority.LOW,
    (b"priority", b"urgent"): Priority.HIGH,  # RFC 4021 2.1.53
    (b"priority", b"non-urgent"): Priority.LOW,
    (b"x-priority", b"1"): Priority.HIGH,
    (b"x-priority", b"2"): Priority.HIGH,
    (b"x-priority", b"4"): Priority.LOW,
    (b"x-priority", b"5"): Priority.LOW,
}


def expiration_s(organization: Organization, found: Priority) -> float:
    """How long a message of the priority may wait, where priority queuing is on."""
    if found is Priority.NORMAL:
        return organization.message_expiration_timeout
    if found is Priority.HIGH:
        return organization.high_priority_message_expiration_timeout
    return organization.low_priority_message_expiration_timeout


def priority(header: bytes, *, size_bytes: int, max_high_bytes: int) -> Priority:
    """The first of Importance, X-Priority and Priority that says something else than normal. A large message of high
    priority is a normal one, as in Exchange: it would keep the others waiting."""
    for match in _FIELD.finditer(header[:MAX_HEADER_BYTES]):
        found = _WORDS.get((match[1].lower(), match[2].lower()))
        if found is not None:
            is_too_large = found is Priority.HIGH and size_bytes > max_high_bytes
            return Priority.NORMAL if is_too_large else found
    return Priority.NORMAL
