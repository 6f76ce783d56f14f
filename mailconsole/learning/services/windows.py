"""Begin and end a learning window of a receive connector."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit import services as audit
from mailconsole.changes.models import Head
from mailconsole.changes.services.ground import require
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.learning.models import LearningWindow
from mailconsole.learning.refusals import LearnsAlready, NoSuchConnector, NotLearning

LONGEST = timedelta(days=30)


@transaction.atomic
def start_learning(
    *,
    actor: User,
    connector_id: str,
    back: timedelta,
    ahead: timedelta,
    now: datetime,
    request: HttpRequest | None = None,
) -> LearningWindow:
    """From ``back`` before now, which the trace still has, to ``ahead``; together at most LONGEST.

    Raises NotAllowed, NoSuchConnector, LearnsAlready.
    """
    require(actor, Role.EDITOR)
    name = connector_name(connector_id)
    list(Head.objects.select_for_update())  # two clicks at once wait for each other here
    if (going := current_window(connector_id)) is not None and going.is_open(now):
        raise LearnsAlready(f"{name} learns until {going.ends_at:%Y-%m-%d %H:%M} UTC already: end that first.")
    back = min(back, LONGEST)
    window = LearningWindow.objects.create(
        connector_id=connector_id,
        begins_at=now - back,
        ends_at=now + min(ahead, LONGEST - back),
        started_by=actor,
        started_at=now,
    )
    _note(actor, "started", window, f"Began to learn who sends through {name}", now, request)
    return window


@transaction.atomic
def stop_learning(*, actor: User, connector_id: str, now: datetime, request: HttpRequest | None = None) -> None:
    """End the window that goes on. Raises NotAllowed, NoSuchConnector, NotLearning."""
    require(actor, Role.EDITOR)
    window = current_window(connector_id)
    # Two people at once: the condition lets one of them end it.
    ended = window and LearningWindow.objects.filter(pk=window.pk, ends_at__gt=now).update(ends_at=now)
    if window is None or not ended:
        connector_name(connector_id)  # one that is gone from what is published may be ended, but not twice
        raise NotLearning("It does not learn: the window has ended.")
    _note(actor, "stopped", window, f"Ended learning on {connector_id}", now, request)


def current_window(connector_id: str) -> LearningWindow | None:
    """The one that goes on, else the last one."""
    return LearningWindow.objects.filter(connector_id=connector_id).select_related("started_by").first()


def connector_name(connector_id: str) -> str:
    """Raises NoSuchConnector."""
    connectors = load_document(head_revision()).receive_connectors
    found = next((one.name for one in connectors if one.id == connector_id), None)
    if found is None:
        raise NoSuchConnector("There is no such receive connector in what is published.")
    return found


def _note(
    actor: User, verb: str, window: LearningWindow, summary: str, now: datetime, request: HttpRequest | None
) -> None:
    span = {"begins_at": window.begins_at.isoformat(), "ends_at": window.ends_at.isoformat()}
    audit.record(
        actor=actor,
        action=f"learning.{verb}",
        object_kind="receive_connectors",
        object_id=window.connector_id,
        summary=summary,
        after=span,
        request=request,
        now=now,
    )
