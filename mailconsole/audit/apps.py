"""Append-only: who did what, when, why."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "mailconsole.audit"
    label = "audit"
    verbose_name = "Audit"

    def ready(self) -> None:
        from mailconsole.common.navigation import NavItem, Section, register

        register(NavItem(Section.ADMINISTRATION, "Audit", "audit:list", "history", 20, key="a"))
