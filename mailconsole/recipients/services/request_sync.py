"""Asking a worker to read a source; the page only asks, and watches the run."""

from __future__ import annotations

from typing import Any

from celery import current_app
from django.http import HttpRequest
from kombu.exceptions import OperationalError

from mailconsole.audit import services as audit
from mailconsole.common.redis import REDIS_DOWN
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.refusals import (
    NothingToCancel,
    NothingToConfirm,
    ReasonMissing,
    SourceRefused,
    SyncNotAsked,
)
from mailconsole.recipients.states import SyncState

QUEUE = "control"
EXPIRES_S = 300


def request_sync(
    *, source: DirectorySource, actor: Any, is_whole: bool = False, request: HttpRequest | None = None
) -> None:
    """Have a worker read the source soon: what changed, or everything. Raises SourceRefused where it is switched off,
    SyncNotAsked."""
    _send(source, actor, is_whole=is_whole)
    what = "a whole reading" if is_whole else "a sync"
    _record(source, "request_sync", f"Asked for {what} of the directory {source}", actor, request)


def cancel_sync(*, source: DirectorySource, actor: Any, request: HttpRequest | None = None) -> None:
    """End the reading that goes on, at its next page. Raises NothingToCancel."""
    going = source.runs.filter(state=SyncState.RUNNING).update(is_cancel_asked=True)
    if not going:
        raise NothingToCancel(f"The directory {source} is not being read.")
    _record(source, "cancel_sync", f"Cancelled the sync of the directory {source}", actor, request)


def confirm_shrink(*, source: DirectorySource, reason: str, actor: Any, request: HttpRequest | None = None) -> None:
    """Have the source read again, and believe that much is gone.

    Raises NothingToConfirm where the last run was not stopped, ReasonMissing, SourceRefused, SyncNotAsked.
    """
    last = source.runs.first()
    if last is None or last.state != SyncState.STOPPED:
        raise NothingToConfirm(f"The last run of {source} was not stopped: there is nothing to confirm.")
    if not reason.strip():
        raise ReasonMissing("Say why it is right that these recipients are gone; the reason is kept in the audit.")
    _send(source, actor, is_whole=last.is_whole, is_shrink_confirmed=True)
    summary = f"Confirmed that recipients are gone from the directory {source}"
    _record(source, "confirm_shrink", summary, actor, request, before={"message": last.message}, reason=reason)


def _send(source: DirectorySource, actor: Any, *, is_whole: bool, is_shrink_confirmed: bool = False) -> None:
    if not source.is_enabled:
        raise SourceRefused(f"The directory {source} is switched off.")
    arguments = {
        "source_id": source.pk,
        "actor_id": actor.pk,
        "is_whole": is_whole,
        "is_shrink_confirmed": is_shrink_confirmed,
    }
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
