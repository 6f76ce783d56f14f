"""A message's events in words: what happened, who decided, what the remote said. Pure, for the message page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mailconsole.tracking.models import TrackingEvent
from transport.model.event import EventId
from transport.model.next_hop import BY_SMART_HOST, DeliveryType, NextHop
from transport.model.outcome import Phase
from transport.model.verdict import Answer

ANSWER_TONES = {Answer.YES: "good", Answer.NO: "idle", Answer.CANNOT_TELL: "warn"}
_SOON = timedelta(seconds=1)
ANSWER_WORDS = {Answer.YES: "Yes", Answer.NO: "No", Answer.CANNOT_TELL: "Can't tell"}


@dataclass(frozen=True, slots=True)
class TrailStep:
    """One step of a decision; `kind` is a section of the configuration or a built-in rule."""

    kind: str
    object_id: str
    name: str
    tone: str
    answer: str
    because: str


@dataclass(frozen=True, slots=True)
class ConsideredConnector:
    """A send connector that was looked at; chosen where nothing eliminated it, and why where that is told."""

    connector_id: str
    name: str
    eliminated_because: str
    chosen_because: str = ""

    @property
    def because(self) -> str:
        return self.eliminated_because or self.chosen_because


@dataclass(frozen=True, slots=True)
class RouteTold:
    """Where recipients go, and which connectors were considered for it."""

    next_hop: str
    key: str
    recipients: tuple[str, ...]
    considered: tuple[ConsideredConnector, ...]


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """One step as it stands on the page. `text` is ours; all else may be hostile and is shown through `|wire`."""

    event: str
    at: datetime
    tone: str
    title: str
    about: tuple[str, ...] = ()
    text: str = ""
    reply: str = ""
    reason: str = ""
    remote: str = ""
    tls: str = ""
    next_attempt_at: datetime | None = None
    trail: tuple[TrailStep, ...] = ()
    routes: tuple[RouteTold, ...] = ()
    replaced_by: tuple[str, ...] = ()
    related_id: int | None = None
    related_words: str = ""


def timeline(events: Iterable[TrackingEvent]) -> list[TimelineStep]:
    """The steps in their order; an accepted message's routes follow its receipt, and what is alike is one step."""
    steps: list[TimelineStep] = []
    for event in sorted(events, key=_order):
        _add(steps, _STEPS.get(event.event, _other)(event))
        if event.event == EventId.RECEIVE and event.detail.get("routes"):
            steps.append(_routed(event))
    return steps


def _order(event: TrackingEvent) -> tuple[datetime, int]:
    """A notification is written with the failure that it tells of, and belongs after it."""
    return event.at + _SOON if event.event == EventId.DSN else event.at, event.pk


def _add(steps: list[TimelineStep], step: TimelineStep) -> None:
    """Recipients that had the same fate in the same transaction share a step."""
    last = steps[-1] if steps else None
    if last is not None and step.about and last.at + _SOON >= step.at and _fate(last) == _fate(step):
        steps[-1] = replace(last, about=(*last.about, *step.about))
    else:
        steps.append(step)


def _fate(step: TimelineStep) -> TimelineStep:
    return replace(step, about=(), at=datetime.min.replace(tzinfo=UTC), next_attempt_at=None)


def trail_steps(rows: Sequence[Sequence[str]]) -> tuple[TrailStep, ...]:
    """A trail as the events carry it: [kind, object id, name, answer, because] each."""
    return tuple(_trail_step([str(part) for part in row]) for row in rows if len(row) >= 5)


def _trail_step(row: Sequence[str]) -> TrailStep:
    kind, object_id, name, answer, because = row[:5]
    known = Answer(answer) if answer in set(Answer) else None
    tone, word = (ANSWER_TONES[known], ANSWER_WORDS[known]) if known else ("idle", answer)
    return TrailStep(kind.replace("_", " "), object_id, name, tone, word, because)


def _received(event: TrackingEvent) -> TimelineStep:
    detail = event.detail
    about = detail.get("about_message_id")
    return TimelineStep(
        event.event,
        event.at,
        "info",
        "Received",
        text=f"{EventId.RECEIVE.sentence}{_second_copy(detail)}",
        reason=event.reason,
        tls=_text(detail, "tls"),
        trail=_trail(detail),
        related_id=about if isinstance(about, int) else None,
        related_words="Open the message that it is about",
    )


def _second_copy(detail: dict[str, Any]) -> str:
    if node := _text(detail, "shadow"):
        return f" {node} keeps a second copy until it is delivered."
    failure = _text(detail, "shadow_failure")
    return f" No other node kept a second copy: {failure}." if failure else ""


def _routed(event: TrackingEvent) -> TimelineStep:
    routes = event.detail.get("routes") or [event.detail]
    told = tuple(_route(row, event.recipient) for row in routes)
    return TimelineStep(EventId.ROUTE, event.at, "info", "Routed", routes=told)


def _route(row: dict[str, Any], recipient: str) -> RouteTold:
    key = _text(row, "next_hop")
    considered = tuple(ConsideredConnector(*map(str, one[:4])) for one in row.get("considered") or () if len(one) >= 3)
    recipients = tuple(map(str, row.get("recipients") or [recipient]))
    return RouteTold(next_hop_words(key), key, recipients, considered)


def next_hop_words(key: str) -> str:
    """A queue's key in words."""
    try:
        hop = NextHop.parse(key)
    except ValueError:
        return key
    if hop.delivery_type in (DeliveryType.UNREACHABLE, DeliveryType.SUBMISSION, DeliveryType.POISON):
        return hop.delivery_type.sentence
    how = "smart host" if hop.delivery_type in BY_SMART_HOST else "mail exchangers of"
    return f"{how} {hop.domain}"


def _attempt(tone: str, title: str) -> Callable[[TrackingEvent], TimelineStep]:
    def step(event: TrackingEvent) -> TimelineStep:
        detail = event.detail
        number = detail.get("attempt")
        return TimelineStep(
            event.event,
            event.at,
            tone,
            f"{title} at attempt {number}" if isinstance(number, int) and number > 1 else title,
            about=_about(event),
            text=_phase(detail) if tone != "good" else "",
            reply=event.reply,
            reason=event.reason,
            remote=_text(detail, "remote"),
            tls=_text(detail, "tls"),
            next_attempt_at=_moment(detail.get("next_attempt_at")),
        )

    return step


def _replaced(title: str) -> Callable[[TrackingEvent], TimelineStep]:
    def step(event: TrackingEvent) -> TimelineStep:
        members = tuple(map(str, event.detail.get("to") or ()))
        because = _text(event.detail, "because")
        return TimelineStep(
            event.event,
            event.at,
            "info",
            title,
            about=(event.recipient,) if event.recipient else (),
            reason=because,
            replaced_by=members,
        )

    return step


def _transferred(event: TrackingEvent) -> TimelineStep:
    copy = event.detail.get("copy_message_id")
    return TimelineStep(
        event.event,
        event.at,
        "info",
        "Went on in a copy",
        about=tuple(map(str, event.detail.get("to") or ())),
        text=EventId.TRANSFER.sentence,
        reason=event.reason,
        related_id=copy if isinstance(copy, int) else None,
        related_words="Open the copy",
    )


def _changed(event: TrackingEvent) -> TimelineStep:
    if event.detail.get("rule"):
        is_known = event.detail.get("answer") == Answer.YES
        title = "Mail flow rule" if event.detail.get("is_done") else "Mail flow rule, only a test"
        tone = "info" if is_known else "warn"
        grave = _SEVERITY_TONES.get(_text(event.detail, "severity"), tone)
        return TimelineStep(event.event, event.at, grave, title if is_known else "Mail flow rule", text=event.reason)
    return TimelineStep(event.event, event.at, "info", "Changed", text=EventId.AGENT_INFO.sentence, reason=event.reason)


_SEVERITY_TONES = {"Medium": "warn", "High": "bad"}


def _resubmitted(event: TrackingEvent) -> TimelineStep:
    about = _about(event)
    return TimelineStep(event.event, event.at, "info", "Resubmitted", about=about, text=EventId.RESUBMIT.sentence)


def _notified(event: TrackingEvent) -> TimelineStep:
    kind, dsn = _text(event.detail, "kind"), event.detail.get("dsn_message_id")
    return TimelineStep(
        event.event,
        event.at,
        "info",
        "The sender was notified",
        text=f"A delivery status notification ({kind}) was made." if kind.isalpha() else EventId.DSN.sentence,
        reason=event.reason,
        related_id=dsn if isinstance(dsn, int) else None,
        related_words="Open the notification",
    )


def _other(event: TrackingEvent) -> TimelineStep:
    known = EventId(event.event) if event.event in set(EventId) else None
    return TimelineStep(
        event.event,
        event.at,
        "idle",
        event.event.capitalize(),
        about=(event.recipient,) if event.recipient else (),
        text=known.sentence if known else "",
        reply=event.reply,
        reason=event.reason,
    )


def _about(event: TrackingEvent) -> tuple[str, ...]:
    """The recipient, or those that had the same fate together."""
    return (event.recipient,) if event.recipient else tuple(map(str, event.detail.get("recipients") or ()))


def _trail(detail: dict[str, Any]) -> tuple[TrailStep, ...]:
    rows = detail.get("trail")
    return trail_steps(rows) if isinstance(rows, list) else ()


def _phase(detail: dict[str, Any]) -> str:
    phase = detail.get("phase")
    return Phase(phase).sentence if phase in set(Phase) else ""


def _text(detail: dict[str, Any], name: str) -> str:
    value = detail.get(name)
    return value if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) and value > 0 else None


_STEPS: dict[str, Callable[[TrackingEvent], TimelineStep]] = {
    EventId.RECEIVE: _received,
    EventId.ROUTE: _routed,
    EventId.RESOLVE: _replaced("Resolved"),
    EventId.REDIRECT: _replaced("Redirected"),
    EventId.EXPAND: _replaced("Expanded"),
    EventId.TRANSFER: _transferred,
    EventId.AGENT_INFO: _changed,
    EventId.SEND: _attempt("good", "Delivered"),
    EventId.DEFER: _attempt("warn", "Deferred"),
    EventId.FAIL: _attempt("bad", "Failed"),
    EventId.EXPIRE: _attempt("bad", "Expired"),
    EventId.RESUBMIT: _resubmitted,
    EventId.DSN: _notified,
}
