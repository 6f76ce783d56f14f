"""A whole document as a change, in one call: for a team that keeps it in Git."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from mailconsole.api import shapes
from mailconsole.api.auth import actor_of
from mailconsole.api.changes import change_of
from mailconsole.api.config import body_of
from mailconsole.api.openapi import DOCUMENT
from mailconsole.api.schemas import AppliedOut
from mailconsole.changes.services.apply_document import Outcome, apply_document
from mailconsole.common import storable

router = Router(tags=["config"])


@router.post("/apply", response={200: AppliedOut, 201: AppliedOut}, openapi_extra=DOCUMENT)
def apply(
    request: HttpRequest,
    title: str = "",
    reason: str = "",
    ticket: str = "",
    change: int | None = None,
    is_draft: bool = False,
) -> Any:
    """Open a change that leads to the document in the body, YAML or JSON, and submit it; `change` is led there instead
    of a new one, `is_draft` leaves it a draft. Answers 200 where it waits already, or where nothing differs."""
    done = apply_document(
        body=body_of(request),
        actor=actor_of(request),
        title=storable.text(title) or ("" if change else "Applied by a program"),
        reason=storable.text(reason),
        ticket=storable.text(ticket),
        into=change_of(change) if change is not None else None,
        is_draft=is_draft,
        now=timezone.now(),
        request=request,
    )
    said = shapes.change_out(done.change) if done.change is not None else None
    is_new = change is None and done.outcome in (Outcome.SUBMITTED, Outcome.DRAFTED)
    return Status(201 if is_new else 200, AppliedOut(outcome=done.outcome, change=said))
