"""Messages and recipients as the spool's rows hold them: JSON texts, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

from transport.model import compact_json
from transport.model.address import Address
from transport.model.envelope import BodyType, Message, Recipient
from transport.model.hold import Hold
from transport.model.next_hop import NextHop
from transport.model.outcome import RecipientStatus
from transport.model.priority import Priority
from transport.model.ruled import Ruled

EPOCH_MS = 1_704_067_200_000  # 2024-01-01; ids stay below 2**63 until 2093

_PLAIN = (
    "size_bytes",
    "received_at",
    "expires_at",
    "session_id",
    "peer",
    "helo",
    "identity",
    "connector_id",
    "revision",
    "is_smtputf8",
    "requires_tls",
    "is_tls_waived",
    "ret",
    "envid",
    "internet_message_id",
    "subject",
    "is_dsn",
)
_STATE = (
    "attempts",
    "first_attempt_at",
    "last_attempt_at",
    "next_attempt_at",
    "last_reply",
    "last_reason",
    "is_delay_dsn_sent",
    "is_resolved",
)
_plain, _state = attrgetter(*_PLAIN), attrgetter(*_STATE)


def time_of(message_id: int) -> float:
    """When the id was given out, in unix seconds."""
    return ((message_id >> 22) + EPOCH_MS) / 1000


_odd = attrgetter("is_smtputf8", "requires_tls", "is_tls_waived", "ret", "envid", "is_dsn", "ruled")


def encode_message(message: Message) -> str:
    """The envelope and all recipients, without the body."""
    if message.body_type is not BodyType.SEVEN_BIT or message.priority is not Priority.NORMAL or any(_odd(message)):
        return encode_any(message)
    if not (message.size_bytes and message.received_at and message.expires_at):
        return encode_any(message)
    head = _head(message.peer, message.helo, message.identity, message.connector_id, message.revision)
    sender, subject = message.envelope_sender, _once("subject", message.subject)
    return (
        f'{{"size_bytes":{message.size_bytes},"received_at":{message.received_at!r},"expires_at":{message.expires_at!r}'
        f"{_once('session_id', message.session_id)}{head}{_once('internet_message_id', message.internet_message_id)}"
        f'{subject},"sender":{_pair_json(sender.local_part, sender.domain)}{_policies(message.policy_ids)}'
        f',"recipients":{_recipients_json(message.recipients)}}}'
    )


def _given(name: str, value: str) -> str:
    return f',"{name}":{compact_json.text(value)}' if value else ""


def _once(name: str, value: str) -> str:
    return f',"{name}":{compact_json.once(value)}' if value else ""


@lru_cache(maxsize=1024)
def _head(peer: str, helo: str, identity: str, connector_id: str, revision: int) -> str:
    """What the messages of a client have in common."""
    row = {"peer": peer, "helo": helo, "identity": identity, "connector_id": connector_id}
    given = "".join(_given(name, value) for name, value in row.items())
    return f'{given},"revision":{revision}' if revision else given


@lru_cache(maxsize=4096)
def _pair_json(local_part: str, domain: str) -> str:
    return compact_json.encode([local_part, domain]).decode()


@lru_cache(maxsize=1024)
def _policies(policy_ids: tuple[str, ...]) -> str:
    return f',"policies":{compact_json.encode(policy_ids).decode()}' if policy_ids else ""


def _recipients_json(recipients: Sequence[Recipient]) -> str:
    """As ``_recipient_rows`` would have it. Of most nothing is to be said but their address and where they go."""
    hop = recipients[0].next_hop if recipients else None
    if hop is None:
        return compact_json.encode(_recipient_rows(recipients)).decode()
    to, ready, told = compact_json.text(hop.text), RecipientStatus.READY, []
    for one in recipients:
        address = one.address
        if one.next_hop is not hop or one.original is not address or one.status is not ready or one.notify or one.orcpt:
            break
        if one.attempts or one.first_attempt_at or one.last_attempt_at or one.next_attempt_at:
            break
        if one.last_reply or one.last_reason or one.is_delay_dsn_sent or one.is_resolved:
            break
        told.append(f'{{"i":{one.index},"to":{_pair_json(address.local_part, address.domain)},"hop":{to}}}')
    else:
        return f"[{','.join(told)}]"
    return compact_json.encode(_recipient_rows(recipients)).decode()


def encode_any(message: Message) -> str:
    """``encode_message`` of whatever message it is."""
    row: dict[str, Any] = {name: value for name, value in zip(_PLAIN, _plain(message), strict=True) if value}
    row["sender"] = _pair(message.envelope_sender)
    if message.body_type is not BodyType.SEVEN_BIT:
        row["body_type"] = message.body_type.value
    if message.priority is not Priority.NORMAL:
        row["priority"] = message.priority.value
    if message.policy_ids:
        row["policies"] = message.policy_ids
    if message.ruled is not None:
        row["ruled"] = message.ruled.row()
    row["recipients"] = _recipient_rows(message.recipients)
    return compact_json.encode(row).decode()


def decode_message(message_id: int, text: str | bytes) -> Message:
    """The inverse of ``encode_message``; ``body`` is None. Raises ValueError, KeyError, TypeError."""
    row = json.loads(text)
    recipients = [_recipient(item) for item in row.pop("recipients")]
    sender = Address(*row.pop("sender"))
    body_type = BodyType(row.pop("body_type", BodyType.SEVEN_BIT))
    given = {name: row.get(name, default) for name, default in _DEFAULTS.items()}
    policies = tuple(row.get("policies", ()))
    return Message(
        id=message_id,
        envelope_sender=sender,
        recipients=recipients,
        body_type=body_type,
        policy_ids=policies,
        priority=Priority(row.get("priority", Priority.NORMAL)),
        ruled=Ruled.of_row(row["ruled"]) if "ruled" in row else None,
        **given,
    )


_DEFAULTS: dict[str, Any] = dict.fromkeys(_PLAIN, "") | {
    "size_bytes": 0,
    "received_at": 0.0,
    "expires_at": 0.0,
    "revision": 0,
    "is_smtputf8": False,
    "requires_tls": False,
    "is_tls_waived": False,
    "is_dsn": False,
}


def encode_recipient(recipient: Recipient) -> str:
    """One recipient with its state."""
    return compact_json.encode(_recipient_rows((recipient,))[0]).decode()


def decode_recipient(text: str | bytes) -> Recipient:
    """The inverse of ``encode_recipient``. Raises ValueError, KeyError, TypeError."""
    return _recipient(json.loads(text))


def _pair(address: Address) -> list[str]:
    return [address.local_part, address.domain]


def _recipient_rows(recipients: Sequence[Recipient]) -> list[dict[str, Any]]:
    rows, hop, hop_text = [], None, ""
    for recipient in recipients:
        if recipient.next_hop is not hop:  # most of a message's recipients share one
            hop = recipient.next_hop
            hop_text = str(hop) if hop is not None else ""
        rows.append(_recipient_row(recipient, hop_text))
    return rows


def _recipient_row(recipient: Recipient, hop_text: str) -> dict[str, Any]:
    address = recipient.address
    row: dict[str, Any] = {"i": recipient.index, "to": [address.local_part, address.domain]}
    if recipient.original is not recipient.address and recipient.original != recipient.address:
        row["original"] = _pair(recipient.original)
    if recipient.notify:
        row["notify"] = sorted(recipient.notify)
    if recipient.orcpt:
        row["orcpt"] = recipient.orcpt
    if recipient.status is not RecipientStatus.READY:
        row["status"] = recipient.status.value
        if recipient.hold is not None:
            row["hold"] = recipient.hold.row()
    if hop_text:
        row["hop"] = hop_text
    state = _state(recipient)
    if any(state):
        row |= {name: value for name, value in zip(_STATE, state, strict=True) if value}
    return row


def _recipient(row: dict[str, Any]) -> Recipient:
    address = Address(*row["to"])
    return Recipient(
        index=row["i"],
        address=address,
        original=Address(*row["original"]) if "original" in row else address,
        notify=frozenset(row.get("notify", ())),
        orcpt=row.get("orcpt", ""),
        status=RecipientStatus(row.get("status", RecipientStatus.READY)),
        next_hop=NextHop.parse(row["hop"]) if "hop" in row else None,
        hold=Hold.of_row(row["hold"]) if "hold" in row else None,
        **{name: row[name] for name in _STATE if name in row},
    )
