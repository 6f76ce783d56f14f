"""The bootstep by which the Celery worker of the control queue renders the live regions, twice a second.

A task for each tick would go from beat through the broker to a thread of the pool: that took a third of all that the
product costs at rest. Where several workers have the control queue, a lease in Redis says which one renders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import bootsteps
from django.conf import settings

if TYPE_CHECKING:
    from mailconsole.runtime.live_ticker import LiveTicker


class LiveStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Ticks for as long as the worker runs, whether or not the broker is there."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._ticker: LiveTicker | None = None

    def include_if(self, worker: Any) -> bool:
        return worker.app.conf.task_default_queue in worker.app.amqp.queues.consume_from and bool(settings.REDIS_URL)

    def start(self, worker: Any) -> None:
        from mailconsole.runtime.live_ticker import LiveTicker  # by now Django's apps are loaded

        self._ticker = LiveTicker()
        self._ticker.start()

    def stop(self, worker: Any) -> None:
        if self._ticker is not None:
            self._ticker.stop()
            self._ticker = None

    terminate = stop
