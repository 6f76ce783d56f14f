"""What a delivery queue says of itself to people: why it waits, and what would change that. Pure."""

from __future__ import annotations

from transport.model.next_hop import DeliveryType, NextHop

_FIXED = {
    DeliveryType.UNREACHABLE: "No send connector covers these domains. Publish one that does, and the mail is routed.",
    DeliveryType.SUBMISSION: "The recipients could not be resolved yet. It is tried again every few seconds.",
    DeliveryType.POISON: "These messages could not be processed. An operator decides about them.",
}


def waiting_because(
    hop: NextHop,
    *,
    count: int,
    deferred: int,
    is_suspended: bool,
    is_orphan: bool,
    failures: int,
    last_error: str,
    retry_in_s: float,
    connections: int,
    connecting: int,
    holding: str = "",
) -> str:
    """One or two sentences. ``retry_in_s`` is negative when no retry is planned; ``last_error`` may be hostile text;
    ``holding`` is a sentence of ours that slows the queue down."""
    if is_suspended:
        return "An operator suspended the queue. Resume it to deliver its mail."
    if not count:
        return "Nothing is waiting."
    if hop.delivery_type in _FIXED:
        return _FIXED[hop.delivery_type]
    if is_orphan:
        return f"The send connector '{hop.connector_id}' is gone or disabled. The mail is routed again."
    error = _sentence(last_error)
    if failures and retry_in_s >= 0:
        return f"The next hop cannot be reached: {error} It is tried again in {span(retry_in_s)}, or when you retry."
    if holding and deferred < count:
        return holding
    if connections == 0 and connecting:
        return f"A connection is being made. {error}".strip() if failures else "A connection is being made."
    if deferred >= count and retry_in_s >= 0:
        return (
            f"{_messages(deferred)} by the next hop: {error} The first is tried again in {span(retry_in_s)}, "
            "or when you retry."
        )
    return f"Messages are being delivered over {connections} connection{'s' if connections != 1 else ''}."


def _messages(count: int) -> str:
    return "A message was deferred" if count == 1 else f"{count} messages were deferred"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def span(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h``."""
    if seconds < 90:
        return f"{max(round(seconds), 0)} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"
