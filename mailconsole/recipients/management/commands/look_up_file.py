"""`look_up_file`: bring this machine's look-up file of the directory up to the console's rows. Nodes run it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from mailconsole.recipients.services.snapshot import refresh_snapshot


class Command(BaseCommand):
    help = "Build this machine's look-up file of the directory, unless it is what the console knows."

    def handle(self, *args: Any, **options: Any) -> None:
        published = refresh_snapshot(now=timezone.now())
        self.stdout.write(f"Version {published.version}." if published is not None else "Nothing was to be built.")
