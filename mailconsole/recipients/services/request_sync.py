"""Asking a worker to read a source; the page only asks, and watches the run."""

from __future__ import annotations

from typing import Any

from celery import current_app
from django.http import HttpRequest
from kombu.exceptions import OperationalError

from mailconsole.audit import services as audit
from mailconsole.common.redis import REDIS_DOWN
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.refusals import NothingToConfirm, ReasonMissing, SourceRefused, SyncNotAsked
from mailconsole.recipients.states import SyncState

QUEUE = "control"
EXPIRES_S = 300


def request_sync(*, source: DirectorySource, actor: Any, request: HttpRequest | None = None) -> None:
    """Have a worker read the source soon. Raises SourceRefused where it is switched off, SyncNotAsked."""
    _send(source, actor)
    _record(source, "request_sync", f"Asked for a sync of the directory {source}", actor, request)


def confirm_shrink(*, source: DirectorySource, reason: str, actor: Any, request: HttpRequest | None = None) -> None:
    """Have the source read again, and believe that much is gone.

    Raises NothingToConfirm where the last run was not stopped, ReasonMissing, SourceRefused, SyncNotAsked.
    """
    last = source.runs.first()
    if last is None or last.state != SyncState.STOPPED:
        raise NothingToConfirm(f"The last run of {source} was not stopped: there is nothing to confirm.")
    if not reason.strip():
        raise ReasonMissing("Say why it is right that these recipients are gone; the reason is kept in the audit.")
    _send(source, actor, is_shrink_confirmed=True)
    summary = f"Confirmed that recipients are gone from the directory {source}"
    _record(source, "confirm_shrink", summary, actor, request, before={"message": last.message}, reason=reason)


def _send(source: DirectorySource, actor: Any, *, is_shrink_confirmed: bool = False) -> None:
    if not source.is_enabled:
        raise SourceRefused(f"The directory {source} is switched off.")
    arguments = {"source_id": source.pk, "actor_id": actor.pk, "is_shrink_confirmed": is_shrink_confirmed}
    try:
        current_app.send_task(
            "recipients.sync_directory", kwargs=arguments, queue=QUEUE, expires=EXPIRES_S, retry=False
        )
    except (*REDIS_DOWN, OperationalError) as error:
        raise SyncNotAsked("No worker can be asked: Redis does not answer. Mail goes on meanwhile.") from error


def _record(
    source: DirectorySource, verb: str, summary: str, actor: Any, request: HttpRequest | None, **more: Any
) -> None:
    audit.record(
        actor=actor,
        action=f"directory_source.{verb}",
        object_kind="directory_source",
        object_id=str(source.pk),
        summary=summary,
        request=request,
        **more,
    )
