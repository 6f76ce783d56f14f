"""`audit verify`: whether the chain of audit entries is whole."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailconsole.audit.services import verify_chain


class Command(BaseCommand):
    help = "Check the audit: verify walks the chain and names the first entry that was changed or taken out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify_chain()
        if not found.is_whole:
            raise CommandError(f"The audit is not whole. {found.problem}")
        self.stdout.write(f"The audit is whole: {found.checked} entries.")
