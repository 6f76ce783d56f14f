"""Explain and tests."""

from django.apps import AppConfig


class ToolsConfig(AppConfig):
    name = "mailconsole.tools"
    label = "tools"
    verbose_name = "Tools"

    def ready(self) -> None:
        from mailconsole.common.navigation import NavItem, Section, register

        register(NavItem(Section.TOOLS, "Explain", "tools:explain", "help-circle", 10, key="e"))
