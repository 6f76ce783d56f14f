"""The limits of a receive connector that depend on what else goes on. Pure; counts come in as values."""

from __future__ import annotations

from transport.config.objects import MessageRateSource, ReceiveConnector
from transport.config.types import format_duration, format_size
from transport.model.limit import Limit, Reached
from transport.model.reply import Reply
from transport.model.session import SessionFacts
from transport.model.verdict import Action, Answer, Stage, Step, Verdict

TOO_MANY_CONNECTIONS = Reply(421, "4.3.2", "The maximum number of concurrent connections has exceeded a limit")
TOO_MANY_FROM_SOURCE = Reply(421, "4.7.0", "Too many concurrent connections from your address")
TOO_MANY_IN_A_MINUTE = Reply(421, "4.7.0", "Too many connections within a minute, try again later")
TOO_MANY_MESSAGES = Reply(421, "4.4.2", "Message submission rate for this client has exceeded the configured limit")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors on this connection, closing")
TOO_MANY_COMMANDS = Reply(421, "4.7.0", "Too many commands without a message, closing")
TIMED_OUT = Reply(421, "4.4.2", "Connection timed out")
SPOKE_TOO_EARLY = Reply(554, "5.5.0", "You spoke before the greeting, closing")  # RFC 5321 3.1, 4.3.1
NO_MEMORY = Reply(452, "4.3.1", "Insufficient system resources, try again later")
DATA_GRACE_S = 60.0
"""How long a message may take before its transfer rate is asked."""


def connections(connector: ReceiveConnector, *, in_all: int, from_source: int) -> Verdict | None:
    """A refusal when this connection is one too many; both counts include it."""
    limit = connector.max_inbound_connections
    if in_all > limit:
        because = f"More than {limit} connections in all."
        return _reached(Stage.CONNECT, connector, TOO_MANY_CONNECTIONS, because, Limit.CONNECTIONS, str(limit))
    per_source = connector.max_inbound_connections_per_source
    if per_source is not None and from_source > per_source:
        because = f"More than {per_source} connections from this address."
        return _reached(
            Stage.CONNECT, connector, TOO_MANY_FROM_SOURCE, because, Limit.CONNECTIONS_PER_SOURCE, str(per_source)
        )
    return _share(connector, in_all=in_all, from_source=from_source)


def _share(connector: ReceiveConnector, *, in_all: int, from_source: int) -> Verdict | None:
    """Exchange: a source may have a percentage of the connections that are left; one it may always have."""
    percentage = connector.max_inbound_connection_percentage_per_source
    remaining = connector.max_inbound_connections - in_all + 1
    if percentage == 100 or from_source <= max(1, remaining * percentage // 100):
        return None
    because = f"More than {percentage} % of the {remaining} connections left from this address ({from_source})."
    return _reached(
        Stage.CONNECT,
        connector,
        TOO_MANY_FROM_SOURCE,
        because,
        Limit.CONNECTION_PERCENTAGE_PER_SOURCE,
        f"{percentage} %",
    )


def connection_rate(connector: ReceiveConnector, *, in_last_minute: int) -> Verdict | None:
    """A refusal when this connection is one too many within a minute; the count includes it."""
    limit = connector.max_connection_rate_per_min
    if limit is None or in_last_minute <= limit:
        return None
    because = f"More than {limit} connections a minute."
    return _reached(Stage.CONNECT, connector, TOO_MANY_IN_A_MINUTE, because, Limit.CONNECTION_RATE, str(limit))


def rate_sources(connector: ReceiveConnector, facts: SessionFacts) -> tuple[str, ...]:
    """Whose rate a message of the session counts to."""
    asked = connector.message_rate_source
    of_address = (facts.peer,) if asked in (MessageRateSource.IP_ADDRESS, MessageRateSource.ALL) else ()
    is_by_user = bool(facts.identity) and asked in (MessageRateSource.USER, MessageRateSource.ALL)
    return (*of_address, f"user {facts.identity}") if is_by_user else of_address


def message_rate(connector: ReceiveConnector, *, in_last_minute: int, source: str) -> Verdict | None:
    """A refusal when this message is one too many within a minute of ``source``."""
    limit = connector.message_rate_limit_per_min
    if limit is None or in_last_minute <= limit:
        return None
    because = f"More than {limit} messages a minute of {source}."
    return _reached(Stage.MAIL, connector, TOO_MANY_MESSAGES, because, Limit.MESSAGE_RATE, str(limit))


def recipients(connector: ReceiveConnector, organization_limit: int, *, count: int) -> Verdict | None:
    """A deferral when this recipient is one too many (RFC 5321 4.5.3.1.10); ``count`` includes it."""
    limit = min(connector.max_recipients_per_message, organization_limit)
    if count <= limit:
        return None
    because = f"More than {limit} recipients."
    return _reached(Stage.RCPT, connector, TOO_MANY_RECIPIENTS, because, Limit.RECIPIENTS, str(limit))


def protocol_errors(connector: ReceiveConnector, *, count: int) -> Verdict | None:
    """The end of a session whose peer made one mistake too many."""
    limit = connector.max_protocol_errors
    if not 0 < limit < count:
        return None
    because = f"More than {limit} commands were wrong."
    return _reached(Stage.SESSION, connector, TOO_MANY_ERRORS, because, Limit.PROTOCOL_ERRORS, str(limit))


def empty_commands(connector: ReceiveConnector, *, limit: int) -> Verdict:
    """The end of a session that has nothing but commands which bring no message nearer."""
    because = f"More than {limit} commands without a message."
    return _reached(Stage.SESSION, connector, TOO_MANY_COMMANDS, because, Limit.EMPTY_COMMANDS, str(limit))


def spoke_too_early(connector: ReceiveConnector) -> Verdict:
    """The end of a session whose peer did not wait for the greeting, as no SMTP client may."""
    value = format_duration(connector.banner_delay)
    because = f"The peer spoke within the {value} before it was greeted."
    return _reached(Stage.CONNECT, connector, SPOKE_TOO_EARLY, because, Limit.BANNER_DELAY, value)


def timed_out(connector: ReceiveConnector, limit: Limit) -> Verdict:
    """The end of a session for its time: silent, in all, or within a message."""
    if limit is Limit.DATA_RATE:
        value = f"{connector.min_data_rate} octets a second"
        because = f"The message came with less than {value}."
    elif limit is Limit.INACTIVITY_TIMEOUT:
        value = format_duration(connector.connection_inactivity_timeout)
        because = f"The peer was silent for {value}."
    else:
        value = format_duration(connector.connection_timeout)
        because = f"The session lasted for {value}."
    return _reached(Stage.SESSION, connector, TIMED_OUT, because, limit, value)


def no_memory(connector: ReceiveConnector, *, limit_bytes: int) -> Verdict:
    """A deferral when the messages of all sessions that are on their way in fill the memory set aside for them."""
    value = format_size(limit_bytes)
    because = f"The messages on their way in fill the {value} set aside for them."
    return _reached(Stage.DATA, connector, NO_MEMORY, because, Limit.DATA_MEMORY, value)


def is_data_too_slow(connector: ReceiveConnector, *, size_bytes: int, seconds: float) -> bool:
    """Whether a message of which ``size_bytes`` came within ``seconds`` drips in only to hold the connection."""
    rate = connector.min_data_rate
    return rate > 0 and seconds > DATA_GRACE_S + size_bytes / rate


def _reached(
    stage: Stage, connector: ReceiveConnector, reply: Reply, because: str, limit: Limit, value: str
) -> Verdict:
    action = Action.DEFER if reply.code == 452 else Action.DISCONNECT
    step = Step("receive_connectors", connector.id, connector.name, Answer.NO, because)
    reason = f"Receive connector {connector.name}, {limit}: {because}"
    return Verdict(action, stage, reply, reason, (step,), Reached(limit, value))
