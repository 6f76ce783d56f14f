"""The Celery app: periodic work and commands only, never a message (a task for each would cost ten times the relay).

Retry times live in the spool; nothing here uses ETA or countdown (hostile.md: Celery and Redis as a queue).
"""

import logging
import os
from typing import Any

from celery import Celery, bootsteps, signals
from celery.schedules import crontab
from click import Option
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailconsole.settings")

app = Celery("mailconsole")
app.conf.update(
    broker_url=settings.REDIS_URL or "redis://127.0.0.1:1/0",
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # for ever: a worker that gave up would take its transport with it
    broker_transport_options={
        "visibility_timeout": 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        # A page that sends a hint while the broker is down waits a tenth of a second, not six.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.2,
    },
    task_default_queue="control",
    task_ignore_result=True,
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=True,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    beat_scheduler="mailconsole.runtime.punctual:PunctualScheduler",
    beat_schedule_filename=str(settings.HOME / "run" / "beat-schedule"),
    timezone="UTC",
    beat_schedule={
        "directories": {"task": "recipients.sync_directories", "schedule": 60.0, "options": {"expires": 50}},
        "proxies": {"task": "recipients.review_proxies", "schedule": 60.0, "options": {"expires": 50}},
        "changes": {"task": "changes.keep_times", "schedule": 5.0, "options": {"expires": 5}},
        "audit": {"task": "audit.send_syslog", "schedule": 5.0, "options": {"expires": 4}},
        "notices": {"task": "changes.send_notices", "schedule": 15.0, "options": {"expires": 15}},
        "retention": {"task": "tracking.delete_old", "schedule": crontab(minute="17"), "options": {"expires": 1800}},
    },
)
app.autodiscover_tasks()


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _keep_our_logs(**_: Any) -> None:
    """Settings have set the logs up; a line for each tick of each second would bury what matters."""
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _add_steps() -> None:
    from mailconsole.runtime.live_step import LiveStep
    from mailconsole.runtime.transport_step import TransportStep

    option = Option(("--transport",), default=None, metavar="NODE", help="Host the transport of this node.")
    app.user_options["worker"].add(option)
    steps: set[type[bootsteps.Step]] = app.steps["worker"]
    steps |= {TransportStep, LiveStep}


_add_steps()
