"""What a change would have done to recent traffic: asked of a worker, replayed there, kept by what was compared.

A page only asks and watches. Editing the change ends the replay: what it compares is no more. One replay goes on at a
time, the others wait for it: the worker has also to publish in time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from mailconsole.changes import recorded
from mailconsole.changes.impact.replay import replay
from mailconsole.changes.impact.report import Report, is_readable
from mailconsole.changes.impact.states import ImpactState
from mailconsole.changes.models import Change, ImpactRun
from mailconsole.changes.refusals import ReplayedJustNow
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.plan import Plan, plan_change
from mailconsole.changes.services.revisions import head_revision
from mailconsole.common.redis import REDIS_DOWN

log = structlog.get_logger(__name__)

SAMPLE_SIZE = 100_000
WINDOW_DAYS = 7
WINDOWS = (1, 7, 14, 30)
"""Days that may be asked for: few, so that each result serves whoever asks."""
QUEUE = "control"
TASK = "changes.replay_impact"
ASKED_AGAIN_AFTER = timedelta(seconds=20)
"""A worker that has not begun by then is asked again, should somebody still look."""
SILENT_AFTER = timedelta(seconds=30)
"""A worker that tells nothing for so long has ended."""
KEPT = timedelta(days=1)
ANEW_AFTER = timedelta(minutes=1)
"""What was asked for so lately isn't asked for anew."""
NOT_ASKED = "No worker can be asked: Redis does not answer. The change can be reviewed and published without it."
NOBODY_BEGAN = "No worker has begun: see under Nodes whether the part “control” runs."
WORKER_ENDED = "The worker ended before it was done."
ANOTHER_FIRST = "Another change is replayed; this one's turn comes after it."


Telling = Callable[[int, int], None]
"""Hears how many were decided, of how many."""


class Outdated(Exception):
    """What the replay compares is no more."""


class NothingToReplay(Exception):
    """The change leads to no document: there are conflicts, or it can't be read."""


def impact_of(change: Change, *, now: datetime, days: int = WINDOW_DAYS, is_anew: bool = False) -> ImpactRun | None:
    """The replay of the change as it is: what is there already, else one that a worker is asked for.

    `days` is one of WINDOWS; `is_anew` asks again. None where nothing records attempts. Raises ReplayedJustNow.
    """
    if recorded.decisions() is None:
        return None
    run, is_made = ImpactRun.objects.get_or_create(
        head_digest=head_revision().digest,
        change_digest=digest_of(change),
        window_days=days,
        defaults={"change": change, "asked_at": now, "told_at": now},
    )
    if is_made:
        ImpactRun.objects.filter(asked_at__lt=now - KEPT).exclude(pk=run.pk).delete()
    state = run.state_value
    if state is ImpactState.RUNNING and not _is_alive(run, now):
        _end(run, ImpactState.FAILED, WORKER_ENDED)
    is_asked_anew = is_anew and not state.is_going
    if is_asked_anew and not is_made and now - run.asked_at < ANEW_AFTER:
        raise ReplayedJustNow("It was replayed less than a minute ago: wait a little before you ask again.")
    is_stale = now - run.asked_at > KEPT or not is_readable(run.report)
    is_old = state is ImpactState.CANCELLED or (state is ImpactState.DONE and is_stale)
    if is_made or is_old or is_asked_anew:
        _ask(run, change, now=now)
    if run.state_value is ImpactState.WAITING:
        _see_to(run, change, now)
    return run


def _see_to(run: ImpactRun, change: Change, now: datetime) -> None:
    """One that waits, and that somebody looks at."""
    if any(_is_alive(one, now) for one in ImpactRun.objects.filter(state=ImpactState.RUNNING)):
        run.sentence = ANOTHER_FIRST
    elif now - run.told_at > ASKED_AGAIN_AFTER:
        _ask(run, change, now=now, sentence=NOBODY_BEGAN)


def _is_alive(run: ImpactRun, now: datetime) -> bool:
    return now - run.told_at <= SILENT_AFTER


def _ask(run: ImpactRun, change: Change, *, now: datetime, sentence: str = "") -> None:
    asked = ImpactRun.objects.filter(pk=run.pk).exclude(state=ImpactState.RUNNING)
    asked.update(
        state=ImpactState.WAITING,
        change=change,
        done=0,
        total=0,
        report=None,
        sentence=sentence,
        asked_at=now,
        told_at=now,
    )
    _send(run.pk)
    run.refresh_from_db()


def _send(run_id: int) -> None:
    try:
        current_app.send_task(TASK, args=[run_id], queue=QUEUE, expires=60, retry=False)
    except (*REDIS_DOWN, OperationalError):
        ImpactRun.objects.filter(pk=run_id, state=ImpactState.WAITING).update(sentence=NOT_ASKED)


def run_impact(*, run_id: int) -> None:
    """In a worker: replay, telling how far it is, then have the next begun.

    Nothing is done for a run that somebody else began, nor while another goes on: that one's end comes back to it.
    """
    if not _begin(run_id, timezone.now()):
        return
    _keep_replayed(ImpactRun.objects.select_related("change", "change__base").get(pk=run_id))
    waiting = ImpactRun.objects.filter(state=ImpactState.WAITING).order_by("asked_at").first()
    if waiting is not None:
        _send(waiting.pk)


@transaction.atomic
def _begin(run_id: int, now: datetime) -> bool:
    """Take the run, where it still waits and no other goes on."""
    # Of two that begin at once the second waits here for the first, and reads after it what goes on.
    list(ImpactRun.objects.filter(state=ImpactState.WAITING).order_by("pk").select_for_update())
    for other in ImpactRun.objects.filter(state=ImpactState.RUNNING):
        if _is_alive(other, now):
            return False
        _end(other, ImpactState.FAILED, WORKER_ENDED)
    begun = {"state": ImpactState.RUNNING, "told_at": now, "done": 0, "sentence": ""}
    return bool(ImpactRun.objects.filter(pk=run_id, state=ImpactState.WAITING).update(**begun))


def _keep_replayed(run: ImpactRun) -> None:
    try:
        report = _replayed(run)
    except Outdated:
        _end(run, ImpactState.CANCELLED, ImpactState.CANCELLED.sentence)
    except NothingToReplay:
        _end(run, ImpactState.FAILED, "Nothing can be replayed while there are conflicts.")
    except Exception:
        log.exception("impact.failed", change=run.change_id)
        _end(run, ImpactState.FAILED, "The replay failed; the log of the part “control” says why.")
    else:
        going = ImpactRun.objects.filter(pk=run.pk, state=ImpactState.RUNNING)
        going.update(
            state=ImpactState.DONE, report=report.to_json(), done=report.sample, total=report.sample, sentence=""
        )
        log.info("impact.replayed", change=run.change_id, sample=report.sample, seconds=report.seconds)


def _replayed(run: ImpactRun) -> Report:
    now = timezone.now()
    plan = plan_change(run.change, now=now)
    if (plan.head.digest, plan.digest) != (run.head_digest, run.change_digest):
        raise Outdated
    if plan.document is None:
        raise NothingToReplay
    return replay_plan(plan, now=now, days=run.window_days, tell=lambda done, total: _tell(run, done, total))


def replay_plan(
    plan: Plan, *, now: datetime, days: int = WINDOW_DAYS, tell: Telling = lambda done, total: None
) -> Report:
    """Replay here and now; ``tell`` hears how far it is."""
    source, since = recorded.decisions(), now - timedelta(days=days)
    assert source is not None and plan.document is not None
    sample = source(since=since, until=now, limit=SAMPLE_SIZE)
    tell(0, sample.expected)
    return replay(
        sample,
        before=plan.head_document,
        after=plan.document,
        since=since,
        now=now,
        tell=lambda done: tell(done, sample.expected),
    )


def _tell(run: ImpactRun, done: int, total: int) -> None:
    """Raises Outdated where the change was edited, something else was published, or nobody wants it any more."""
    if digest_of(run.change) != run.change_digest or head_revision().digest != run.head_digest:
        raise Outdated
    going = ImpactRun.objects.filter(pk=run.pk, state=ImpactState.RUNNING)
    if not going.update(done=done, total=total, told_at=timezone.now()):
        raise Outdated


def _end(run: ImpactRun, state: ImpactState, sentence: str) -> None:
    if ImpactRun.objects.filter(pk=run.pk, state=ImpactState.RUNNING).update(state=state, sentence=sentence):
        run.state, run.sentence = state, sentence
