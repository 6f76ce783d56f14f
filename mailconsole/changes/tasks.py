"""Celery's way to changes: impact in a worker; what beat asks every few seconds, safe to run twice."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from mailconsole.changes.services.end_change import end_due
from mailconsole.changes.services.impact import TASK, run_impact
from mailconsole.changes.services.keep_form import forget_kept
from mailconsole.changes.services.mail_notices import mail_due
from mailconsole.changes.services.notices import forget_old
from mailconsole.changes.services.schedule_publish import publish_scheduled
from mailconsole.changes.services.times import due_to_end, due_to_publish
from mailconsole.changes.services.webhook import send_due

log = structlog.get_logger(__name__)


@shared_task(name=TASK, ignore_result=True)  # type: ignore[untyped-decorator]
def replay_impact(run_id: int) -> None:
    """Replay recent traffic under a change."""
    run_impact(run_id=run_id)


@shared_task(name="changes.keep_times", ignore_result=True, expires=5)  # type: ignore[untyped-decorator]
def keep_times() -> None:
    """Publish what is due, take back what ends. One that breaks does not keep the others waiting."""
    now = timezone.now()
    for change in due_to_end(now):
        try:
            end_due(change=change, now=now)
        except Exception:
            log.exception("change.end_broke", change=change.pk)
    for change in due_to_publish(now):
        try:
            publish_scheduled(change=change, now=now)
        except Exception:
            log.exception("change.schedule_broke", change=change.pk)


@shared_task(name="changes.send_notices", ignore_result=True, expires=15)  # type: ignore[untyped-decorator]
def send_notices() -> None:
    """Mail and tell a program what people wait for; forget what is old."""
    now = timezone.now()
    mail_due(now=now)
    send_due(now=now)
    forget_old(now)
    forget_kept(now)
