"""Celery hosts the transport."""

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "mailconsole.runtime"
    label = "runtime"
    verbose_name = "Runtime"
