"""Celery's way to housekeeping of the trace."""

from __future__ import annotations

import structlog
from celery import shared_task

from mailconsole.tracking.services import retention
from mailconsole.tracking.services.lost import mark_all_lost

log = structlog.get_logger(__name__)


@shared_task(name="tracking.delete_old", ignore_result=True, expires=3000)  # type: ignore[untyped-decorator]
def delete_old() -> None:
    """Hourly: let go of what is older than the retention; close what was lost with nodes."""
    lost = mark_all_lost()
    if lost:
        log.info("tracking.lost_with_node", count=lost)
    count = retention.delete_old()
    if count:
        log.info("tracking.deleted_old", count=count)
