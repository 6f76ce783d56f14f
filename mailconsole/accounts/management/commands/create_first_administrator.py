"""Make the first administrator; does nothing where there is one."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from mailconsole.accounts.services.first_administrator import USERNAME, create_first_administrator
from mailconsole.audit.terminal import TerminalCommand


class Command(TerminalCommand):
    help = "Make an administrator with a random password, printed once; does nothing where there is one already."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default=USERNAME)
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        made = create_first_administrator(username=options["username"])
        if options["json"]:
            said = {"is_created": made is not None}
            self.stdout.write(json.dumps(said | _words(made) if made else said))
        elif made:
            self.stdout.write(f"User name {made.person.username}, password {made.password} (shown only now)")
        else:
            self.stdout.write("There is an administrator already.")


def _words(made: Any) -> dict[str, str]:
    return {"username": made.person.username, "password": made.password}
