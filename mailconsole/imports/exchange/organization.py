"""`Get-TransportConfig`, `Get-TransportService` and `Get-IPBlockListConfig`: what holds for all mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailconsole.imports.exchange.parameters import Same, apply_table
from mailconsole.imports.exchange.receive import network_of
from mailconsole.imports.exchange.values import items, number, seconds, size, text, yes
from mailconsole.imports.report import Subject
from transport.config.types import format_duration, format_size

MOST_RECIPIENTS = 512_000
REST = "Its other parameters are about Exchange's own services, or stand with connectors and nodes here."


def _networks(value: Any) -> list[str]:
    return list(dict.fromkeys(network_of(one) for one in items(value)))


def _reply(value: Any) -> str:
    """Exchange writes the client's address as {0}."""
    return text(value).replace("{0}", "%0")


TABLE: dict[str, Same] = {
    "MaxSendSize": Same("max_send_size", size, format_size),
    "MaxReceiveSize": Same("max_receive_size", size, format_size),
    "MaxRecipientEnvelopeLimit": Same("max_recipient_envelope_limit", lambda value: number(value) or MOST_RECIPIENTS),
    "InternalSMTPServers": Same("internal_smtp_servers", _networks),
    "GenerateCopyOfDSNFor": Same("generate_copy_of_dsn_for", items),
    "ExternalPostmasterAddress": Same("postmaster_address", text),
    "InternalDelayDsnEnabled": Same("is_internal_delay_dsn_enabled", yes),
    "ExternalDelayDsnEnabled": Same("is_external_delay_dsn_enabled", yes),
    "InternalDsnMaxMessageAttachSize": Same("internal_dsn_max_message_attach_size", size, format_size),
    "ExternalDsnMaxMessageAttachSize": Same("dsn_max_message_attach_size", size, format_size),
    "MessageExpirationTimeout": Same("message_expiration_timeout", seconds, format_duration),
    "DelayNotificationTimeout": Same("delay_notification_timeout", seconds, format_duration),
    "MaxOutboundConnections": Same("max_outbound_connections", number),
    "QueueMaxIdleTime": Same("queue_max_idle_time", seconds, format_duration),
    "PoisonThreshold": Same("poison_threshold", number),
    "PickupDirectoryMaxMessagesPerMinute": Same("pickup_directory_max_messages_per_minute", number),
    "PickupDirectoryMaxHeaderSize": Same("pickup_directory_max_header_size", size, format_size),
    "PickupDirectoryMaxRecipientsPerMessage": Same("pickup_directory_max_recipients_per_message", number),
    "ReceiveProtocolLogMaxAge": Same("protocol_log_max_age", seconds, format_duration),
    "StaticEntryRejectionResponse": Same("static_entry_rejection_response", _reply),
}
_PER_CONNECTOR = {
    "MaxConnectionRatePerMinute": "It is a limit of each receive connector here: set it there.",
    "MaxPerDomainOutboundConnections": "It is a limit of each send connector here (max connections): set it there.",
}


def read_organization(given: Mapping[str, Any], known: Mapping[str, Any], about: Subject) -> dict[str, Any]:
    """The fields of the organisation. ``known`` are those of objects read before: the first server's hold."""
    fields = apply_table(TABLE, {name: value for name, value in given.items() if name in TABLE}, set(), about)
    if fields.get("is_internal_delay_dsn_enabled") or fields.get("is_external_delay_dsn_enabled"):
        fields["is_delay_dsn_enabled"] = True
    for name, why in _PER_CONNECTOR.items():
        if said := text(given.get(name)):
            about.left_out(name, said, why)
    for name in sorted(name for name in fields if name in known and known[name] != fields[name]):
        about.left_out(name, fields.pop(name), "It differs from that of another server, which holds.")
    about.left_out("", "", REST)
    return fields
