"""Celery hosts the transport."""

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "mailconsole.runtime"
    label = "runtime"
    verbose_name = "Runtime"

    def ready(self) -> None:
        """Every process of ours sends its commands by our Celery app."""
        import mailconsole.celery  # noqa: F401
