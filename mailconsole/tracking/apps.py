"""Message trace, refusals, counters."""

from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "mailconsole.tracking"
    label = "tracking"
    verbose_name = "Tracking"
