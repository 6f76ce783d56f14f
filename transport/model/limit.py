"""The limits that the listener holds peers to, by Exchange's names where it has them; how often each was reached."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Limit(StrEnum):
    """One limit."""

    CONNECTIONS = "MaxInboundConnection"
    CONNECTIONS_PER_SOURCE = "MaxInboundConnectionPerSource"
    CONNECTION_PERCENTAGE_PER_SOURCE = "MaxInboundConnectionPercentagePerSource"
    CONNECTION_RATE = "MaxConnectionRatePerMinute"
    MESSAGE_RATE = "MessageRateLimit"
    RECIPIENTS = "MaxRecipientsPerMessage"
    MESSAGE_SIZE = "MaxMessageSize"
    SEND_SIZE = "MaxSendSize"
    RECEIVE_SIZE = "MaxReceiveSize"
    RECIPIENT_LIMITS = "RecipientLimits"
    HEADER_SIZE = "MaxHeaderSize"
    HOP_COUNT = "MaxHopCount"
    LOCAL_HOP_COUNT = "MaxLocalHopCount"
    PROTOCOL_ERRORS = "MaxProtocolErrors"
    LOGON_FAILURES = "MaxLogonFailures"
    CONNECTION_TIMEOUT = "ConnectionTimeout"
    INACTIVITY_TIMEOUT = "ConnectionInactivityTimeout"
    DATA_RATE = "MinDataRate"
    BANNER_DELAY = "BannerDelay"
    EMPTY_COMMANDS = "EmptyCommands"
    DATA_MEMORY = "DataMemory"
    TARPIT = "TarpitInterval"
    AUTH_TARPIT = "AuthTarpitInterval"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Limit.CONNECTIONS: "Connections at once.",
    Limit.CONNECTIONS_PER_SOURCE: "Connections at once from one address.",
    Limit.CONNECTION_PERCENTAGE_PER_SOURCE: "Share of the free connections that one address may have.",
    Limit.CONNECTION_RATE: "New connections a minute.",
    Limit.MESSAGE_RATE: "Messages a minute of one source.",
    Limit.RECIPIENTS: "Recipients of one message.",
    Limit.MESSAGE_SIZE: "Size of one message.",
    Limit.SEND_SIZE: "Size of one message of who signed in, or that is relayed.",
    Limit.RECEIVE_SIZE: "Size of one message for our recipients.",
    Limit.RECIPIENT_LIMITS: "Recipients of one message of somebody who has a limit of their own.",
    Limit.HEADER_SIZE: "Size of a message's header.",
    Limit.HOP_COUNT: "Received fields in a message: more mean a loop.",
    Limit.LOCAL_HOP_COUNT: "Received fields of our own in a message: more mean a loop.",
    Limit.PROTOCOL_ERRORS: "Wrong commands in one session.",
    Limit.LOGON_FAILURES: "Wrong passwords in one session.",
    Limit.CONNECTION_TIMEOUT: "How long a session may last in all.",
    Limit.INACTIVITY_TIMEOUT: "How long a peer may be silent.",
    Limit.DATA_RATE: "How slowly a message may come.",
    Limit.BANNER_DELAY: "The peer spoke before it was greeted.",
    Limit.EMPTY_COMMANDS: "Commands in one session that bring no message nearer.",
    Limit.DATA_MEMORY: "Memory for all messages that are on their way in.",
    Limit.TARPIT: "A refusal was slowed down.",
    Limit.AUTH_TARPIT: "The answer to a wrong password was slowed down.",
}


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit that decided, and what it was set to, as text."""

    limit: Limit
    value: str


@dataclass(frozen=True, slots=True)
class LimitCount:
    """How often a limit of a receive connector decided since the node started; ``last_at`` is unix seconds."""

    connector_id: str
    limit: Limit
    count: int
    last_at: float
