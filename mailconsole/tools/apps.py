"""Explain and tests."""

from django.apps import AppConfig


class ToolsConfig(AppConfig):
    name = "mailconsole.tools"
    label = "tools"
    verbose_name = "Tools"
