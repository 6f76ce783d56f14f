"""Resolves and routes a message: sets each recipient's address, form and next hop, and says what was decided and why.

A thin shell over ``resolving``, ``forms`` and ``choosing``. Runs before the commit, so that the decision is stored
with the message in one write; runs again for recipients whose route vanished with a new configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transport.model.envelope import Message, Recipient
from transport.model.event import TrackingEvent
from transport.ports.recipients import RecipientLookup
from transport.queues import forms
from transport.queues.choosing import choose_hops, leave_as_they_are
from transport.queues.resolving import Failed, Resolving
from transport.rules.ruleset import Ruleset


@dataclass(slots=True)
class Copy:
    """A message that this one brought forth, for recipients that get it in another form."""

    message: Message
    because: str
    failed: Failed = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Categorized:
    """What was decided. ``failed`` recipients are to be given up with that outcome once the message is committed;
    ``routes`` has the shape of the RECEIVE event's detail of that name; ``events`` tell of resolution; ``copies`` are
    to be committed before the message is answered for, and the sender is told of what was ``taken`` after that.
    ``known`` are, by ``id()``, the recipients that were routed before."""

    failed: Failed = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)
    events: list[TrackingEvent] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    taken: forms.TakenByList | None = None
    known: set[int] = field(default_factory=set)


def categorize(
    ruleset: Ruleset,
    message: Message,
    todo: Sequence[Recipient],
    lookup: RecipientLookup,
    *,
    now: float,
    new_id: Callable[[], int],
    is_stored: bool = False,
) -> Categorized:
    """Resolve and route ``todo``, recipients of ``message``; a group's members take their group's place.

    A recipient that cannot be resolved now joins the Submission queue with the reason. A recipient that is also
    reached another way gets the message once. ``is_stored``: the message is in the spool. Raises BodyNeeded.
    """
    if todo is message.recipients and not is_stored and leave_as_they_are(ruleset, todo):
        result = Categorized()
        result.routes = choose_hops(ruleset, message, message.recipients, result.failed, {})
        return result
    work = Resolving(ruleset, message, lookup, now)
    keep = _others(message, todo) if len(todo) != len(message.recipients) else []
    resolved: list[Recipient] = []
    for recipient in todo:
        recipient.leave_route(None, recipient.last_reason)
    for recipient in todo:
        resolved += work.resolve(recipient)
    if len(keep) + len(resolved) > 1:
        resolved = work.distinct(keep, resolved)
    arranged = forms.arrange(
        ruleset,
        message,
        resolved,
        work.owners,
        decided=work.decided,
        is_fixed=is_stored or bool(keep),  # whom it keeps gets it, or a report about it, as it came
        new_id=new_id,
        now=now,
    )
    if len(keep) + len(arranged.stays) > 1:
        _number(message, keep, arranged.stays)
    message.recipients = keep + arranged.stays
    result = Categorized(work.failed, events=work.events + arranged.events, taken=arranged.taken, known=work.known)
    result.routes = choose_hops(ruleset, message, arranged.stays, result.failed, work.homes)
    if arranged.copies:
        _take_copies(ruleset, arranged, result, work.homes)
    return result


def _others(message: Message, todo: Sequence[Recipient]) -> list[Recipient]:
    asked = {id(recipient) for recipient in todo}
    return [recipient for recipient in message.recipients if id(recipient) not in asked]


def _number(message: Message, keep: list[Recipient], resolved: list[Recipient]) -> None:
    """Give recipients that a group brought in indexes that this message has never used."""
    following = max(r.index for r in message.recipients) + 1
    used = {r.index for r in keep}
    for recipient in resolved:
        if recipient.index in used:
            recipient.index, following = following, following + 1
        used.add(recipient.index)


def _take_copies(ruleset: Ruleset, arranged: forms.Forms, result: Categorized, homes: Mapping[int, str]) -> None:
    """Each copy is routed by itself, and takes along those of its recipients that are refused."""
    for message in arranged.copies:
        mine = {id(recipient) for recipient in message.recipients}
        copy = Copy(message, arranged.reasons[message.id], [pair for pair in result.failed if id(pair[0]) in mine])
        result.failed = [pair for pair in result.failed if id(pair[0]) not in mine]
        copy.routes = choose_hops(ruleset, message, message.recipients, copy.failed, homes)
        result.copies.append(copy)
