"""What every command is that people run: whatever it records came from a terminal, and the audit says so."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from mailconsole.audit.services import from_terminal


class TerminalCommand(BaseCommand):
    """Those that start the console, or parts of it, are plain commands: machines run them too."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        with from_terminal():
            return super().execute(*args, **options)
