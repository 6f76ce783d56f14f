"""Domains that no mail can go to: the switches of a receive connector for them. Pure."""

from __future__ import annotations

from transport.config.objects import ReceiveConnector

RESERVED_TOP_LEVEL = frozenset({"test", "example", "invalid", "localhost"})  # RFC 2606 2
RESERVED_SECOND_LEVEL = frozenset({"example.com", "example.net", "example.org"})  # RFC 2606 3


def why_not(connector: ReceiveConnector, domain: str) -> str:
    """Why the connector refuses recipients at ``domain``, which is not an accepted one; empty when it does not."""
    is_asked = (
        connector.is_single_label_recipient_domain_rejected
        or connector.is_reserved_top_level_recipient_domain_rejected
        or connector.is_reserved_second_level_recipient_domain_rejected
    )
    if not is_asked or domain.startswith("["):
        return ""
    labels = domain.rsplit(".", 2)
    if connector.is_single_label_recipient_domain_rejected and len(labels) == 1:
        return f"{domain} has a single label, and the connector refuses such domains."
    if connector.is_reserved_top_level_recipient_domain_rejected and labels[-1] in RESERVED_TOP_LEVEL:
        return f".{labels[-1]} is a reserved top-level domain, and the connector refuses such domains."
    if connector.is_reserved_second_level_recipient_domain_rejected and ".".join(labels[-2:]) in RESERVED_SECOND_LEVEL:
        return f"{'.'.join(labels[-2:])} is a reserved domain, and the connector refuses such domains."
    return ""
