"""Learning over HTTP: windows, what they show, and drafts of it; never anything live."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from mailconsole.api import shapes
from mailconsole.api.auth import actor_of
from mailconsole.api.schemas import ChangeOut, Taken
from mailconsole.learning.services.draft_learned import Wish, draft_chosen
from mailconsole.learning.services.draft_refusal import draft_refusal
from mailconsole.learning.services.learned import learning_of
from mailconsole.learning.services.windows import start_learning, stop_learning
from mailconsole.learning.shown import learning_json, refusal_json
from mailconsole.tracking.models import Refusal
from mailconsole.tracking.services.refusals import RefusalQuery, search_refusals
from transport.model.verdict import Stage

router = Router(tags=["learning"])
refusals_router = Router(tags=["learning"])
Days = Annotated[int, Field(ge=0, le=30)]
Key = Annotated[str, Field(max_length=16)]
Text = Annotated[str, Field(max_length=320)]


class Span(Taken):
    """Days before now that are looked at too, and days to go on; 30 together at most."""

    back_days: Days = 7
    ahead_days: Days = 7


class Chosen(Taken):
    """`keys` of candidates; those in `networks` get their suggested networks. `owner`: empty for oneself."""

    keys: list[Key] = Field(max_length=500)
    networks: list[Key] = Field([], max_length=500)
    owner: str = Field("", max_length=64)
    purpose: str = Field(min_length=1, max_length=500)
    recipients: Literal["seen", "any"] = "seen"


class Asked(Taken):
    """`owner`: empty for oneself; `purpose`: empty for that it was refused."""

    owner: str = Field("", max_length=64)
    purpose: str = Field("", max_length=500)


class CandidateOut(Schema):
    """Clients that send as the same domains; `admitted_by` is a policy in effect that says all of it."""

    key: str
    networks: list[str]
    suggested_networks: list[str]
    sender_domains: list[str]
    recipient_domains: list[str]
    recipients: int
    identities: list[str]
    is_tls_always: bool
    is_refused: bool
    admitted_by: str
    last_at: datetime | None


class LearningOut(Schema):
    """`is_cut_at`: only so many of the newest messages and refusals were looked at; null where that was all."""

    connector_id: str
    begins_at: datetime
    ends_at: datetime
    is_open: bool
    started_by: str
    messages: int
    refusals: int
    is_cut_at: int | None
    clients_to_own_domains_only: int
    candidates: list[CandidateOut]


class RefusalOut(Schema):
    """A refused recipient; `reply` was said, `reason` only we know."""

    id: int
    received_at: datetime
    peer: str
    helo: str
    identity: str
    tls: str
    connector_id: str
    sender: str
    recipient: str
    reply: str
    reason: str


@router.get("/{slug:connector_id}", response=LearningOut)
def learned(request: HttpRequest, connector_id: str) -> Any:
    """What the window of a receive connector shows until now: the one that goes on, else the last."""
    return _learning(connector_id)


@router.post("/{slug:connector_id}/start", response={201: LearningOut})
def start(request: HttpRequest, connector_id: str, said: Span) -> Any:
    """Begin a window. It lets nobody in and keeps nobody out."""
    back, ahead = timedelta(days=said.back_days), timedelta(days=said.ahead_days)
    actor, now = actor_of(request), timezone.now()
    start_learning(actor=actor, connector_id=connector_id, back=back, ahead=ahead, now=now, request=request)
    return Status(201, _learning(connector_id))


@router.post("/{slug:connector_id}/stop", response=LearningOut)
def stop(request: HttpRequest, connector_id: str) -> Any:
    """End the window that goes on."""
    stop_learning(actor=actor_of(request), connector_id=connector_id, now=timezone.now(), request=request)
    return _learning(connector_id)


@router.post("/{slug:connector_id}/draft", response={201: ChangeOut})
def draft(request: HttpRequest, connector_id: str, said: Chosen) -> Any:
    """One relay policy of each candidate, for a year, in one's open draft: all of them or none."""
    actor = actor_of(request)
    wish = Wish(said.owner or str(actor)[:64], said.purpose, said.recipients == "seen", frozenset(said.networks))
    change = draft_chosen(
        actor=actor, connector_id=connector_id, keys=said.keys, wish=wish, now=timezone.now(), request=request
    )
    return Status(201, shapes.change_out(change))


@refusals_router.get("", response=list[RefusalOut])
def refusals(
    request: HttpRequest,
    peer: Text = "",
    sender: Text = "",
    recipient: Text = "",
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
) -> Any:
    """Refused recipients, the newest first. Sender and recipient are an address or a domain."""
    query = RefusalQuery(peer=peer, sender=sender, recipient=recipient, stage=Stage.RCPT.value)
    return [refusal_json(one) for one in search_refusals(query, size=limit).refusals]


@refusals_router.post("/{int:number}/draft", response={201: ChangeOut})
def draft_of(request: HttpRequest, number: int, said: Asked) -> Any:
    """The relay policy that would have admitted this attempt and no other, for a year, in one's open draft."""
    actor, refusal = actor_of(request), get_object_or_404(Refusal, pk=number)
    change = draft_refusal(
        actor=actor,
        refusal=refusal,
        owner=said.owner or str(actor)[:64],
        purpose=said.purpose,
        now=timezone.now(),
        request=request,
    )
    return Status(201, shapes.change_out(change))


def _learning(connector_id: str) -> dict[str, Any]:
    now = timezone.now()
    return learning_json(learning_of(connector_id, now=now), now=now)
