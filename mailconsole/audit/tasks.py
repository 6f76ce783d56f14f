"""Celery's way to the audit's export."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from mailconsole.audit.send_syslog import send_syslog as send

log = structlog.get_logger(__name__)


@shared_task(name="audit.send_syslog", ignore_result=True, expires=4)  # type: ignore[untyped-decorator]
def send_syslog() -> None:
    """Every five seconds: carry on what was recorded since."""
    sent = send(now=timezone.now())
    if sent:
        log.info("audit.sent", count=sent)
