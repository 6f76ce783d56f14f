"""What `up` does before it starts the parts, for installations that start the parts themselves (containers)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mailconsole.runtime.supervisor import prepare
from mailconsole.runtime.supervisor.refusals import CannotStart
from mailconsole.runtime.supervisor.state import run_folder


class Command(BaseCommand):
    help = "Bring tables and static files up to date; make the first revision and the first administrator."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        run_folder(settings.HOME)
        try:
            prepare.migrate()
        except CannotStart as refusal:
            raise CommandError(str(refusal)) from None
        prepare.collect_static()
        prepare.first_revision()
        password = prepare.first_password()
        if password:
            name, secret = password
            self.stdout.write(f"Sign in as   {name}\nPassword     {secret}   (shown only now)")
