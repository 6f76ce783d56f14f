"""Who did what on a receive connector between two moments: the newest messages and refusals of the trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from mailconsole.imports.seen import SeenClient
from mailconsole.tracking.models import Message, MessageRecipient, Refusal
from transport.model.verdict import Stage

SAMPLE = 20_000
"""Messages and refusals each; the page says so where there were more."""
_CHUNK = 500
Clients = dict[tuple[str, bool, bool], SeenClient]


@dataclass(frozen=True, slots=True)
class Observed:
    """``is_cut`` says that there was more than the sample."""

    clients: list[SeenClient]
    messages: int
    refusals: int
    is_cut: bool


def observe(connector_id: str, *, begins_at: datetime, ends_at: datetime) -> Observed:
    """Counted per client; a session counts for each message or refusal."""
    clients: Clients = {}
    messages = _accepted(connector_id, begins_at, ends_at, clients)
    refusals = _refused(connector_id, begins_at, ends_at, clients)
    return Observed(list(clients.values()), messages, refusals, max(messages, refusals) >= SAMPLE)


def _client(clients: Clients, connector_id: str, row: tuple[Any, ...], *, is_refused: bool = False) -> SeenClient:
    """One for what an address did signed in, another for the rest, and others for what it was refused: as whom it was
    refused is no part of what it did."""
    peer, identity, tls, at = row
    client = clients.setdefault((peer, bool(identity), is_refused), SeenClient(connector_id, peer))
    client.sessions += 1
    client.tls_sessions += bool(tls)
    if identity:
        client.identities[identity] += 1
    client.meet(at.isoformat(timespec="seconds"))
    return client


def _accepted(connector_id: str, begins_at: datetime, ends_at: datetime, clients: Clients) -> int:
    found = Message.objects.filter(received_at__gte=begins_at, received_at__lt=ends_at, connector_id=connector_id)
    rows = found.order_by("-received_at", "-pk").values_list("pk", "sender", "peer", "identity", "tls", "received_at")
    count = 0
    for chunk in _chunks(rows[:SAMPLE].iterator()):
        recipients = _recipients([row[0] for row in chunk])
        for key, sender, *who in chunk:
            count += 1
            client = _client(clients, connector_id, tuple(who))
            for address in recipients.get(key, ()):
                client.accepted(sender, address)
    return count


def _chunks(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _recipients(keys: Iterable[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for key, address in MessageRecipient.objects.filter(message_id__in=list(keys)).values_list("message_id", "address"):
        found.setdefault(key, []).append(address)
    return found


def _refused(connector_id: str, begins_at: datetime, ends_at: datetime, clients: Clients) -> int:
    """Only what was said of a recipient can lead to a policy."""
    found = Refusal.objects.filter(
        received_at__gte=begins_at, received_at__lt=ends_at, connector_id=connector_id, stage=Stage.RCPT.value
    ).order_by("-received_at", "-pk")
    rows = found.values_list("sender_domain", "recipient_domain", "reply", "peer", "identity", "tls", "received_at")
    count = 0
    for sender, recipient, reply, *who in rows[:SAMPLE].iterator():
        count += 1
        client = _client(clients, connector_id, tuple(who), is_refused=True)
        client.refused(f"@{sender}" if sender else "", f"@{recipient}", reply)
        client.refused_recipient(sender, recipient)
    return count
