"""Append-only: who did what, when, why."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "mailconsole.audit"
    label = "audit"
    verbose_name = "Audit"
