"""Reading a source into the console's rows: the run is the record, whether it succeeds, stops, fails or is cancelled.

The answer lies aside until it is whole; it is compared before anything is written, and written whole or not at all.
"""

from __future__ import annotations

import base64
import sqlite3
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from directory import source as directory_source
from directory.delta import Delta, compare, compare_changes
from directory.errors import DirectoryError, SuspiciousShrink
from directory.model import Position
from directory.source import Reading
from directory.staging import Staging
from mailconsole.common.refusals import Refusal
from mailconsole.recipients.models import DirectorySource, SyncRun
from mailconsole.recipients.refusals import SourceRefused, SyncCancelled, SyncInProgress
from mailconsole.recipients.services.apply import KnownRows, apply_delta, words_of
from mailconsole.recipients.services.people import refresh_people
from mailconsole.recipients.services.snapshot import publish_few, refresh_snapshot, snapshot_basis
from mailconsole.recipients.services.sources import settings_of
from mailconsole.recipients.states import SyncState, SyncTrigger

KEPT_PROBLEMS = 500
KEPT_RUNS = 200

log = structlog.get_logger(__name__)


def sync_source(
    *,
    source: DirectorySource,
    actor: Any,
    now: datetime,
    trigger: SyncTrigger = SyncTrigger.COMMAND,
    is_shrink_confirmed: bool = False,
    is_whole: bool = True,
) -> SyncRun:
    """Read the source, keep what changed, and give nodes a new look-up file. The run says how it went.

    Not `is_whole`: what changed since the last time, where the controller that answers can tell. Raises SourceRefused
    for a source that is switched off, and SyncInProgress while another run goes on; every other failure is in the run.
    """
    if not source.is_enabled:
        raise SourceRefused(f"The directory {source} is switched off.")
    run = _begin(source=source, actor=actor, now=now, trigger=trigger, is_whole=is_whole)
    clock = _Clock(now)
    try:
        staging = Staging.on_disk(staging_path(source)) if is_whole else Staging.in_memory()
        with staging:
            reading = _read(source, run, staging, clock, is_whole=is_whole)
            if reading.is_whole and not is_whole:
                run.is_whole = True
            _keep(run, reading, clock, shrink_limit=1.0 if is_shrink_confirmed else source.shrink_limit_percent / 100)
            staging.forget()
    except SyncCancelled as refusal:
        _finish(run, clock, state=SyncState.CANCELLED, message=str(refusal))
    except SuspiciousShrink as refusal:
        staging.forget()
        _finish(run, clock, state=SyncState.STOPPED, message=str(refusal))
    except (DirectoryError, Refusal) as error:
        _finish(run, clock, state=SyncState.FAILED, message=str(error))
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        text = f"A file cannot be written, nodes go on with the last one: {reason}."
        _finish(run, clock, state=SyncState.FAILED, message=text)
    except BaseException as error:
        _finish(run, clock, state=SyncState.FAILED, message=f"The run broke off: {type(error).__name__}.")
        raise
    refresh_people(source=source, now=clock.now())  # however it went: a stopped reading keeps nobody in
    _drop_old_runs(source)
    log.info("directory.synced", source=source.pk, run=run.pk, state=run.state, seconds=run.took_s)
    return run


def staging_path(source: DirectorySource) -> Path:
    """Where a whole reading lies until it is applied; one that broke off is completed from there."""
    return Path(settings.HOME) / "directory-staging" / f"source-{source.pk}.sqlite3"


def _read(source: DirectorySource, run: SyncRun, staging: Staging, clock: _Clock, *, is_whole: bool) -> Reading:
    return directory_source.read(
        settings_of(source),
        staging,
        since=None if is_whole else source.positions,
        cookies={one: base64.b64decode(cookie) for one, cookie in source.cookies.items()},
        known=KnownRows(source),
        progress=lambda count: _beat(run, count, clock),
    )


class _Clock:
    """The wall clock's beginning, moved on by the monotonic one."""

    def __init__(self, now: datetime) -> None:
        self._began_at = now
        self._began = time.monotonic()

    def now(self) -> datetime:
        return self._began_at + timedelta(seconds=time.monotonic() - self._began)


def _begin(*, source: DirectorySource, actor: Any, now: datetime, trigger: SyncTrigger, is_whole: bool) -> SyncRun:
    with transaction.atomic():
        # The row of the source is the lock: of two that begin at once, the second sees the first one's run.
        DirectorySource.objects.select_for_update().get(pk=source.pk)
        going = source.runs.filter(state=SyncState.RUNNING).first()
        if going is not None and not going.is_stale(now):
            raise SyncInProgress(f"The directory {source} is being read already, since {going.started_at:%H:%M:%S}.")
        if going is not None:
            SyncRun.objects.filter(pk=going.pk).update(
                state=SyncState.FAILED, finished_at=now, message="The worker ended before the run did."
            )
        return SyncRun.objects.create(
            source=source,
            state=SyncState.RUNNING,
            trigger=trigger,
            actor=actor,
            is_whole=is_whole,
            started_at=now,
            heartbeat_at=now,
        )


def _beat(run: SyncRun, entries_read: int, clock: _Clock) -> None:
    """Show how far it is; raises SyncCancelled where somebody asked for the end."""
    SyncRun.objects.filter(pk=run.pk).update(entries_read=entries_read, heartbeat_at=clock.now())
    if SyncRun.objects.filter(pk=run.pk, is_cancel_asked=True).exists():
        run.is_cancel_asked, run.entries_read = True, entries_read
        raise SyncCancelled(f"Cancelled after {entries_read:,} entries. Nothing was changed.")


def _keep(run: SyncRun, reading: Reading, clock: _Clock, *, shrink_limit: float) -> None:
    staging, source = reading.recipients, run.source
    run.server, run.entries_read, run.controller_s = reading.server, reading.entries_read, reading.waited_s
    run.problem_count = staging.problem_count
    run.told_by = "" if reading.is_whole else reading.told_by.value
    run.problems = [
        {"dn": problem.dn, "severity": problem.severity.value, "text": problem.text}
        for problem in staging.problems(KEPT_PROBLEMS)
    ]
    delta = _compare(source, reading, shrink_limit)
    run.added_count, run.changed_count, run.removed_count = len(delta.added), len(delta.changed), len(delta.removed)
    run.changes = words_of(source, delta, staging)
    since = snapshot_basis()
    with transaction.atomic():
        apply_delta(source, delta, staging, now=clock.now())
        _keep_position(run, reading, delta)
    run.recipient_count = source.recipients.count()
    if delta.is_empty:
        published = refresh_snapshot(now=clock.now())
    else:
        published = publish_few(since=since, changed={*delta.added, *delta.changed, *delta.removed}, now=clock.now())
    _finish(run, clock, state=SyncState.SUCCEEDED, message=_words(run, reading, published))


def _compare(source: DirectorySource, reading: Reading, shrink_limit: float) -> Delta:
    known, told = KnownRows(source), reading.recipients
    if reading.is_whole:
        return compare(known.digests(), told.digests(), shrink_limit=shrink_limit)
    before = known.digests({*told.guids(), *reading.gone})
    return compare_changes(before, told.digests(), reading.gone, known_count=known.count(), shrink_limit=shrink_limit)


def _keep_position(run: SyncRun, reading: Reading, delta: Delta) -> None:
    fields: dict[str, Any] = {"last_read_at": run.started_at}
    if not delta.is_empty:
        fields["generation"] = F("generation") + 1
    if reading.is_whole:
        fields["last_whole_at"] = run.started_at
    fields |= {"changes_by": reading.next_by.value, "why_not_dirsync": reading.why_not_dirsync}
    if reading.position is not None:
        fields |= _positions(run.source, reading.position)
    for name in ("positions", "cookies"):
        setattr(run.source, name, fields.get(name, getattr(run.source, name)))
    DirectorySource.objects.filter(pk=run.source.pk).update(**fields)


def _positions(source: DirectorySource, position: Position) -> dict[str, Any]:
    """A cookie that was not renewed is of no use any more: by the next count of changes it would tell too much."""
    cookies = {one: cookie for one, cookie in source.cookies.items() if one != position.invocation_id}
    if position.cookie:
        cookies[position.invocation_id] = base64.b64encode(position.cookie).decode("ascii")
    return {"positions": source.positions | {position.invocation_id: position.usn}, "cookies": cookies}


def _words(run: SyncRun, reading: Reading, published: Any) -> str:
    words = [f"Look-up file {published.version} is in use." if published else "Nothing has changed."]
    if run.is_whole and reading.why_whole and run.trigger != SyncTrigger.COMMAND:
        words.append(f"Everything was read: {reading.why_whole[0].lower()}{reading.why_whole[1:]}")
    if reading.is_completed:
        words.append("It went on with a reading that had broken off.")
    return " ".join(words)


def _finish(run: SyncRun, clock: _Clock, *, state: SyncState, message: str) -> None:
    run.state, run.message, run.finished_at = state, message, clock.now()
    run.heartbeat_at = run.finished_at
    run.save()


def _drop_old_runs(source: DirectorySource) -> None:
    old = source.runs.values_list("pk", flat=True)[KEPT_RUNS:]
    SyncRun.objects.filter(pk__in=list(old)).delete()
