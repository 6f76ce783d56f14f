"""What Celery runs of the directory: short to start, safe to run twice. Tasks are called by their names.

`recipients.sync_directories` is for beat. On a machine with nodes alone `runtime.directory_watch` makes the look-up
file.
"""

from __future__ import annotations

import sqlite3

import structlog
from celery import shared_task
from django.utils import timezone

from mailconsole.accounts.models import User
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.refusals import SourceRefused, SyncInProgress
from mailconsole.recipients.services.due import Due, due_sync
from mailconsole.recipients.services.snapshot import renew_old_format
from mailconsole.recipients.services.sync import sync_source
from mailconsole.recipients.services.unused import is_review_due, review_proxies
from mailconsole.recipients.states import SyncTrigger

log = structlog.get_logger(__name__)


@shared_task(name="recipients.sync_directory", ignore_result=True)  # type: ignore[untyped-decorator]
def sync_directory(
    source_id: int, actor_id: int | None = None, is_whole: bool = True, is_shrink_confirmed: bool = False
) -> None:
    """Read one source now, for the person who asked."""
    source = DirectorySource.objects.filter(pk=source_id).first()
    if source is None:
        log.info("directory.sync_skipped", source=source_id, reason="the source is gone")
        return
    actor = User.objects.filter(pk=actor_id).first() if actor_id else None
    trigger = SyncTrigger.BUTTON if actor_id else SyncTrigger.SCHEDULE
    _sync(source, actor, trigger, is_whole=is_whole, is_shrink_confirmed=is_shrink_confirmed)


@shared_task(name="recipients.sync_directories", ignore_result=True)  # type: ignore[untyped-decorator]
def sync_directories() -> None:
    """Read every enabled source that is due, one after the other; one that fails does not keep the others waiting."""
    _renew_old_format()
    for source in DirectorySource.objects.filter(is_enabled=True):
        due = due_sync(source, now=timezone.now())
        if due is not Due.NOT_YET:
            _sync(source, None, SyncTrigger.SCHEDULE, is_whole=due is Due.WHOLE)


@shared_task(name="recipients.review_proxies", ignore_result=True)  # type: ignore[untyped-decorator]
def review_unused_proxies() -> None:
    """Look once a day for proxy addresses that no mail used; nothing is done while it is not due."""
    if not is_review_due(now=timezone.now()):
        return
    review = review_proxies(now=timezone.now())
    log.info("directory.proxies_reviewed", proxies=review.proxy_count, unused=review.unused_count)


def _renew_old_format() -> None:
    try:
        if published := renew_old_format(now=timezone.now()):
            log.info("directory.file_renewed", version=published.version)
    except (OSError, sqlite3.Error) as error:  # nodes go on with the file that is there; tried again in a minute
        log.warning("directory.file_not_renewed", reason=str(error))


def _sync(
    source: DirectorySource,
    actor: User | None,
    trigger: SyncTrigger,
    *,
    is_whole: bool,
    is_shrink_confirmed: bool = False,
) -> None:
    try:
        sync_source(
            source=source,
            actor=actor,
            now=timezone.now(),
            trigger=trigger,
            is_whole=is_whole,
            is_shrink_confirmed=is_shrink_confirmed,
        )
    except (SyncInProgress, SourceRefused) as refusal:
        log.info("directory.sync_skipped", source=source.pk, reason=str(refusal))
