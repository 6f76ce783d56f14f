"""RECEIVE and SEND as nodes nearly always write them, read by their pieces: what comes again and again is decoded once.

JSON has a backslash before each quote within a string: where there is none at all, what looks like the end of a string
and the next key is just that. Each piece is checked for itself; what is not as expected here is not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from mailconsole.tracking.models import ADDRESS_LENGTH, MESSAGE_ID_LENGTH
from mailconsole.tracking.services.groups import RecipientGroup, once_for_each
from mailconsole.tracking.services.rows import (
    MOST,
    NEXT_HOP_LENGTH,
    TEXT_LENGTH,
    address_keys,
)
from mailconsole.tracking.services.uses import Hits, hits_of
from transport.model import compact_json


def _text(length: int) -> str:
    return f'"([^"]{{0,{length}}})"'


_NUMBER, _SMALL = "([1-9][0-9]{0,17})", "([1-9][0-9]{0,8})"
_RECEIVED = re.compile(
    f'{{"message_id":{_NUMBER},"session_id":{_text(64)}(?:,"sender":{_text(ADDRESS_LENGTH)})?,"peer":{_text(64)},'
    f'"connector_id":{_text(100)},"size_bytes":{_NUMBER},"revision":{_SMALL},"detail":{{(.+)'
).fullmatch
_NAMED = re.compile(f'{_text(MESSAGE_ID_LENGTH + 2)},"subject":{_text(500)}').fullmatch
_SENT = re.compile(
    f'{{"message_id":{_NUMBER}(?:,"recipient":{_text(ADDRESS_LENGTH)})?(?:,"reply":{_text(TEXT_LENGTH)})?'
    f'(?:,"reason":{_text(TEXT_LENGTH)})?,"detail":{{(.+)}}'
).fullmatch
_AT = re.compile("[0-9]{1,11}[.][0-9]{1,6}}").fullmatch
_LIST = ',"recipients":['
_KEPT_LENGTH = 4096
_OWN = len(RecipientGroup.OWN_COLUMNS)


@dataclass(frozen=True, slots=True)
class Session:
    """What a receipt says of its session."""

    helo: str
    identity: str
    tls: str


@dataclass(eq=False, frozen=True, slots=True)
class Decided:
    """What trail and routes of a receipt say: one next hop for all recipients, and which objects answered yes."""

    next_hop: str
    hits: Hits


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a SEND says in detail."""

    next_hop: str
    attempts: int


@dataclass(slots=True)  # not frozen: that costs more than reading it
class Receipt:
    """A RECEIVE. ``said`` is what comes before its detail, ``listed`` the recipients, as they stand in it, ``own`` what
    only their own rows hold: as RecipientGroup has it. ``sending`` is what was told of them all later."""

    sequence: int
    text: str
    message_id: int
    at: float
    said: tuple[str, ...]
    session: Session
    listed: str
    own: tuple[str, ...]
    recipient_count: int
    internet_message_id: str
    subject: str
    decided: Decided
    sending: Sending | None = None


@dataclass(slots=True)  # not frozen: that costs more than reading it
class Sending:
    """A SEND of all recipients of a message."""

    sequence: int
    text: str
    at: float
    reply: str
    reason: str
    delivery: Delivery


def split(text: str) -> tuple[str, str, str]:
    """An event but for its end, its kind, and its end: its time."""
    body, _, end = text.rpartition(',"e":"')
    kind, _, at = end.partition('","at":')
    return body, kind, at


def read_receipt(sequence: int, text: str, body: str, at: str) -> Receipt | None:
    """A RECEIVE whose recipients all go to one next hop, and whose texts fit their columns; None if it is another."""
    head, _, rest = body.partition(_LIST)
    listed, _, rest = rest.partition('],"internet_message_id":')
    named, _, rest = rest.partition(',"trail":[')
    decided_text, _, routed = rest.partition(_LIST)
    begins, names = _RECEIVED(head), _NAMED(named)
    if begins is None or names is None or not _AT(at) or routed != f"{listed}]}}]}}":
        return None
    said, (name, subject) = begins.groups(""), names.groups()
    session, decided, own = _session(said[7]), _decided(decided_text), _own(listed)
    if session is None or decided is None or not own:
        return None
    name = name.strip().removeprefix("<").removesuffix(">")
    if len(name) > MESSAGE_ID_LENGTH:
        return None
    message_id, time, count = int(said[0]), float(at[:-1]), len(own) // _OWN
    return Receipt(sequence, text, message_id, time, said, session, listed, own, count, name, subject, decided)


def read_sending(sequence: int, text: str, body: str, at: str, receipts: Mapping[int, Receipt]) -> Receipt | None:
    """The receipt of which all recipients were sent, with that; None if it is a SEND of others."""
    said = _SENT(body)
    if said is None or not _AT(at):
        return None
    message_id, recipient, reply, reason, detail = said.groups("")
    receipt = receipts.get(int(message_id))
    if receipt is None or receipt.sending is not None:
        return None
    if not recipient:
        before, _, after = detail.partition(f'"recipients":[{receipt.listed}]')
        detail = f'{before}"recipients":[]{after}'
    elif receipt.listed != f'"{recipient}"':
        return None
    delivery = _delivery(detail)
    if delivery is None:
        return None
    receipt.sending = Sending(sequence, text, float(at[:-1]), reply, reason, delivery)
    return receipt


@lru_cache(maxsize=1024)
def _session(text: str) -> Session | None:
    detail = _object(text)
    if detail is None or not detail.keys().isdisjoint(_NOT_OF_SESSION):
        return None
    texts = [detail.get(name, "") for name in ("helo", "identity", "tls")]
    fits = all(isinstance(one, str) and len(one) <= 255 for one in texts)
    return Session(*texts) if fits else None


@lru_cache(maxsize=1024)
def _decided(text: str) -> Decided | None:
    detail = _object(f'"trail":[{text},"recipients":[]}}]')
    if detail is None or detail.keys() != {"trail", "routes"} or not isinstance(detail["routes"], list):
        return None
    if len(detail["routes"]) != 1 or not isinstance(detail["routes"][0], dict):
        return None
    next_hop = detail["routes"][0].get("next_hop", "")
    if not isinstance(next_hop, str) or len(next_hop) > NEXT_HOP_LENGTH:
        return None
    try:
        hits = tuple(hits_of(detail))
        hash(hits)
    except (KeyError, TypeError, ValueError, AttributeError):  # whoever counts the event by itself passes over it
        return None
    return Decided(next_hop, hits)


def _own(listed: str) -> tuple[str, ...]:
    """Nothing where the list is none of different addresses that fit their columns."""
    if listed.count('"') == 2:
        return _one(listed)
    return _several(listed) if len(listed) <= _KEPT_LENGTH else _several.__wrapped__(listed)


@lru_cache(maxsize=8192)
def _one(listed: str) -> tuple[str, ...]:
    address = listed[1:-1]
    if f'"{address}"' != listed or not 0 < len(address) <= ADDRESS_LENGTH:
        return ()
    return (address, *address_keys(address))


@lru_cache(maxsize=64)
def _several(listed: str) -> tuple[str, ...]:
    found = _object(f'"recipients":[{listed}]')
    addresses = found["recipients"] if found is not None and len(found) == 1 else ()
    if not all(isinstance(address, str) and 0 < len(address) <= ADDRESS_LENGTH for address in addresses):
        return ()
    keys = [address_keys(address) for address in addresses]
    if len({key for key, _ in keys}) != len(keys):
        return ()
    domains = once_for_each([domain for _, domain in keys])
    return tuple(chain.from_iterable(zip(addresses, [key for key, _ in keys], domains, strict=True)))


@lru_cache(maxsize=1024)
def _delivery(text: str) -> Delivery | None:
    detail = _object(text)
    if detail is None or detail.get("recipients") or "next_attempt_at" in detail:
        return None
    next_hop, attempts = detail.get("next_hop", ""), detail.get("attempt", 0)
    if not isinstance(next_hop, str) or len(next_hop) > NEXT_HOP_LENGTH:
        return None
    return Delivery(next_hop, attempts) if type(attempts) is int and 0 <= attempts <= MOST else None


def _object(text: str) -> dict[str, Any] | None:
    """A JSON object by what stands between its braces."""
    try:
        found: dict[str, Any] = compact_json.decode(f"{{{text}}}")
    except ValueError:
        return None
    return found


_NOT_OF_SESSION = {"recipients", "internet_message_id", "subject", "trail", "routes"}
