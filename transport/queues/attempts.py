"""What an attempt leaves behind: on the recipient, in the tracking log, in a report to the sender. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from transport.model import compact_json
from transport.model.address import texts
from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, SendEvent, TrackingEvent
from transport.model.outcome import Outcome, OutcomeKind, RecipientStatus
from transport.rules import dsn, retry
from transport.rules.dsn import Told


def note(recipient: Recipient, outcome: Outcome, now: float) -> None:
    """The recipient was tried."""
    recipient.attempts += 1
    recipient.first_attempt_at = recipient.first_attempt_at or now
    recipient.last_attempt_at = now
    recipient.last_reply = str(outcome.reply) if outcome.reply is not None else ""
    recipient.last_reason = outcome.reason


def expired(outcome: Outcome) -> Outcome:
    """The last try came to nothing, and there is no time for another."""
    return replace(outcome, kind=OutcomeKind.FAILED, reason=retry.EXPIRED_REASON, status=retry.EXPIRED_STATUS)


def told(recipient: Recipient, outcome: Outcome | None) -> Told:
    """What a notification says about the recipient: the outcome, or what is remembered of the last try."""
    remembered = recipient.last_reply
    return Told(
        final=recipient.address,
        original=recipient.original,
        orcpt=recipient.orcpt,
        notify=recipient.notify,
        status=outcome.enhanced_status if outcome is not None else dsn.remembered_status(remembered),
        reply=str(outcome.reply) if outcome is not None and outcome.reply is not None else remembered,
        reason=outcome.reason if outcome is not None else recipient.last_reason,
        remote=outcome.remote if outcome is not None else "",
        last_attempt_at=recipient.last_attempt_at,
    )


_EVENT_OF = {
    RecipientStatus.DELIVERED: EventId.SEND,
    RecipientStatus.RETRY: EventId.DEFER,
    RecipientStatus.FAILED: EventId.FAIL,
}


def event_of(key: str, message: Message, alike: Sequence[Recipient], outcome: Outcome, now: float) -> TrackingEvent:
    recipient = alike[0]
    detail: dict[str, object] = {"next_hop": key, "phase": outcome.phase.value, "attempt": recipient.attempts}
    if len(alike) > 1:
        detail["recipients"] = [str(one.address) for one in alike]
    if outcome.remote:
        detail["remote"] = outcome.remote
    if outcome.tls:
        detail["tls"] = outcome.tls
    if outcome.status:
        detail["status"] = outcome.status
    event = _EVENT_OF[recipient.status]
    if event is EventId.DEFER:
        detail["next_attempt_at"] = recipient.next_attempt_at
    elif outcome.status == retry.EXPIRED_STATUS:
        event = EventId.EXPIRE
    return TrackingEvent(
        event,
        now,
        message_id=message.id,
        recipient=str(recipient.address) if len(alike) == 1 else "",
        reply=recipient.last_reply if outcome.reply is not None else "",
        reason=outcome.reason,
        detail=detail,
    )


def sent_event(
    key: str, message_id: int, recipients: Sequence[Recipient], reply: str, remote: str, tls: str, now: float
) -> TrackingEvent:
    """SEND of recipients that were taken at the first try."""
    if len(recipients) == 1:
        about, (detail, told) = str(recipients[0].address), _detail_of_one(key, remote, tls)
        return SendEvent(EventId.SEND, now, message_id, "", "", about, "", "", reply, "", 0, 0, detail, told)
    detail = _detail(key, texts([one.address for one in recipients]), remote, tls)
    return TrackingEvent(EventId.SEND, now, message_id, reply=reply, detail=detail)


@lru_cache(maxsize=1024)
def _detail_of_one(key: str, remote: str, tls: str) -> tuple[dict[str, object], str]:
    """What SEND tells is the same for all that a connection carries; with its JSON."""
    detail = _detail(key, [], remote, tls)
    return detail, compact_json.encode(detail).decode()


def _detail(key: str, recipients: list[str], remote: str, tls: str) -> dict[str, object]:
    detail: dict[str, object] = {"next_hop": key, "phase": "dot", "attempt": 1}
    if recipients:
        detail["recipients"] = recipients
    if remote:
        detail["remote"] = remote
    if tls:
        detail["tls"] = tls
    return detail


def alike(decided: Sequence[tuple[Recipient, Outcome]]) -> list[tuple[list[Recipient], Outcome]]:
    """Recipients that had the same fate together: one event tells of all of them."""
    if len(decided) == 1:
        return [([decided[0][0]], decided[0][1])]
    groups: dict[tuple[int, int, float], tuple[list[Recipient], Outcome]] = {}
    for recipient, outcome in decided:
        group = groups.setdefault((id(outcome), recipient.attempts, recipient.next_attempt_at), ([], outcome))
        group[0].append(recipient)
    return list(groups.values())
