"""Celery's way to housekeeping of the trace."""

from __future__ import annotations

import structlog
from celery import shared_task

from mailconsole.tracking.services import retention

log = structlog.get_logger(__name__)


@shared_task(name="tracking.delete_old", ignore_result=True, expires=3000)  # type: ignore[untyped-decorator]
def delete_old() -> None:
    """Hourly: let go of what is older than the retention."""
    count = retention.delete_old()
    if count:
        log.info("tracking.deleted_old", count=count)
