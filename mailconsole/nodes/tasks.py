"""Celery's way to the tick."""

from __future__ import annotations

from celery import shared_task

from mailconsole.nodes.live.publish import publish_regions


@shared_task(name="nodes.publish_live", ignore_result=True, expires=1)  # type: ignore[untyped-decorator]
def publish_live() -> None:
    """Twice a second: show what all nodes show, each of which does so once a second. A page is 1.5 s behind at most."""
    publish_regions()
