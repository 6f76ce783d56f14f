"""Stop everything."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from mailconsole.runtime.supervisor.status import down


class Command(BaseCommand):
    help = "Let transactions in progress end, then stop everything."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(down(settings.ENVIRONMENT))
