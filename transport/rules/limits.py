"""The limits of a receive connector that depend on what else goes on. Pure; counts come in as values."""

from __future__ import annotations

from transport.config.objects import ReceiveConnector
from transport.model.reply import Reply
from transport.model.verdict import Action, Answer, Stage, Step, Verdict

TOO_MANY_CONNECTIONS = Reply(421, "4.3.2", "The maximum number of concurrent connections has exceeded a limit")
TOO_MANY_FROM_SOURCE = Reply(421, "4.7.0", "Too many concurrent connections from your address")
TOO_MANY_MESSAGES = Reply(421, "4.4.2", "Message submission rate for this client has exceeded the configured limit")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients")
MIN_DATA_RATE = 500
"""Octets a second that a peer must reach on average while it sends a message, once it had time to begin."""
DATA_GRACE_S = 60.0


def connections(connector: ReceiveConnector, *, in_all: int, from_source: int) -> Verdict | None:
    """A refusal when this connection is one too many; both counts include it."""
    if in_all > connector.max_inbound_connections:
        limit = connector.max_inbound_connections
        return _refused(Stage.CONNECT, connector, TOO_MANY_CONNECTIONS, f"More than {limit} connections in all.")
    per_source = connector.max_inbound_connections_per_source
    if per_source is not None and from_source > per_source:
        return _refused(
            Stage.CONNECT, connector, TOO_MANY_FROM_SOURCE, f"More than {per_source} connections from this address."
        )
    return None


def message_rate(connector: ReceiveConnector, *, in_last_minute: int) -> Verdict | None:
    """A refusal when this message is one too many within a minute."""
    limit = connector.message_rate_limit_per_min
    if limit is not None and in_last_minute > limit:
        return _refused(Stage.MAIL, connector, TOO_MANY_MESSAGES, f"More than {limit} messages a minute.")
    return None


def recipients(connector: ReceiveConnector, organization_limit: int, *, count: int) -> Verdict | None:
    """A deferral when this recipient is one too many (RFC 5321 4.5.3.1.10); ``count`` includes it."""
    limit = min(connector.max_recipients_per_message, organization_limit)
    if count > limit:
        return _refused(Stage.RCPT, connector, TOO_MANY_RECIPIENTS, f"More than {limit} recipients.")
    return None


def is_data_too_slow(*, size_bytes: int, seconds: float) -> bool:
    """Whether a message of which ``size_bytes`` came within ``seconds`` drips in only to hold the connection."""
    return seconds > DATA_GRACE_S + size_bytes / MIN_DATA_RATE


def _refused(stage: Stage, connector: ReceiveConnector, reply: Reply, because: str) -> Verdict:
    action = Action.DISCONNECT if reply.code == 421 else Action.DEFER
    step = Step("receive_connectors", connector.id, connector.name, Answer.NO, because)
    return Verdict(action, stage, reply, f"Receive connector {connector.name}: {because}", (step,))
