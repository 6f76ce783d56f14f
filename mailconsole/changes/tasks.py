"""Celery's way to what changes leave to a worker."""

from __future__ import annotations

from celery import shared_task

from mailconsole.changes.services.impact import TASK, run_impact


@shared_task(name=TASK, ignore_result=True)  # type: ignore[untyped-decorator]
def replay_impact(run_id: int) -> None:
    """Replay recent traffic under a change."""
    run_impact(run_id=run_id)
