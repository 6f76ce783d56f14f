"""Reading a source into the console's rows: the run is the record, whether it succeeds, stops or fails.

The answer is compared before anything is written, and written whole or not at all.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from directory import source as directory_source
from directory.delta import compare
from directory.errors import DirectoryError, SuspiciousShrink
from directory.model import SyncResult
from mailconsole.common.refusals import Refusal
from mailconsole.recipients.models import DirectorySource, SyncRun
from mailconsole.recipients.refusals import SourceRefused, SyncInProgress
from mailconsole.recipients.services.apply import apply_delta, fingerprints_of, words_of
from mailconsole.recipients.services.snapshot import refresh_snapshot
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
) -> SyncRun:
    """Read the whole source, keep what changed, and give nodes a new look-up file. The run says how it went.

    Raises SourceRefused for a source that is switched off, and SyncInProgress while another run goes on; every other
    failure is in the run.
    """
    if not source.is_enabled:
        raise SourceRefused(f"The directory {source} is switched off.")
    run = _begin(source=source, actor=actor, now=now, trigger=trigger)
    clock = _Clock(now)
    try:
        result = directory_source.read_all(settings_of(source), progress=lambda count: _beat(run, count, clock))
        _keep(run, result, clock, shrink_limit=1.0 if is_shrink_confirmed else source.shrink_limit_percent / 100)
    except SuspiciousShrink as refusal:
        _finish(run, clock, state=SyncState.STOPPED, message=str(refusal))
    except (DirectoryError, Refusal) as error:
        _finish(run, clock, state=SyncState.FAILED, message=str(error))
    except OSError as error:
        text = f"The look-up file cannot be written, nodes go on with the last one: {error.strerror or error}."
        _finish(run, clock, state=SyncState.FAILED, message=text)
    except BaseException as error:
        _finish(run, clock, state=SyncState.FAILED, message=f"The run broke off: {type(error).__name__}.")
        raise
    _drop_old_runs(source)
    log.info("directory.synced", source=source.pk, run=run.pk, state=run.state, seconds=run.took_s)
    return run


class _Clock:
    """The wall clock's beginning, moved on by the monotonic one."""

    def __init__(self, now: datetime) -> None:
        self._began_at = now
        self._began = time.monotonic()

    def now(self) -> datetime:
        return self._began_at + timedelta(seconds=time.monotonic() - self._began)


def _begin(*, source: DirectorySource, actor: Any, now: datetime, trigger: SyncTrigger) -> SyncRun:
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
            source=source, state=SyncState.RUNNING, trigger=trigger, actor=actor, started_at=now, heartbeat_at=now
        )


def _beat(run: SyncRun, entries_read: int, clock: _Clock) -> None:
    SyncRun.objects.filter(pk=run.pk).update(entries_read=entries_read, heartbeat_at=clock.now())


def _keep(run: SyncRun, result: SyncResult, clock: _Clock, *, shrink_limit: float) -> None:
    run.server, run.entries_read = result.server, result.entries_read
    run.recipient_count, run.problem_count = len(result.recipients), len(result.problems)
    run.problems = [
        {"dn": problem.dn, "severity": problem.severity.value, "text": problem.text}
        for problem in sorted(result.problems, key=lambda p: (p.severity != "skipped", p.dn))[:KEPT_PROBLEMS]
    ]
    delta = compare(fingerprints_of(run.source), result.recipients, shrink_limit=shrink_limit)
    run.added_count, run.changed_count, run.removed_count = len(delta.added), len(delta.changed), len(delta.removed)
    run.changes = words_of(run.source, delta)
    with transaction.atomic():
        apply_delta(run.source, delta, now=clock.now())
        generation = F("generation") if delta.is_empty else F("generation") + 1
        DirectorySource.objects.filter(pk=run.source.pk).update(last_read_at=run.started_at, generation=generation)
    published = refresh_snapshot(now=clock.now())
    message = f"Look-up file {published.version} is in use." if published else "Nothing has changed."
    _finish(run, clock, state=SyncState.SUCCEEDED, message=message)


def _finish(run: SyncRun, clock: _Clock, *, state: SyncState, message: str) -> None:
    run.state, run.message, run.finished_at = state, message, clock.now()
    run.heartbeat_at = run.finished_at
    run.save()


def _drop_old_runs(source: DirectorySource) -> None:
    old = source.runs.values_list("pk", flat=True)[KEPT_RUNS:]
    SyncRun.objects.filter(pk__in=list(old)).delete()
