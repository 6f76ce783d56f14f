"""What runs, where, and how it is."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from mailconsole.runtime.supervisor.status import Status, status

DOWN = 3
UNHEALTHY = 1


class Command(BaseCommand):
    help = "Show addresses, processes, revision and health. Exit status 0 healthy, 1 not quite, 3 down."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        found = status(settings.ENVIRONMENT)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found) | {"is_healthy": found.is_healthy}, indent=2))
        else:
            self.stdout.write(_words(found))
        sys.exit(0 if found.is_healthy else UNHEALTHY if found.is_running else DOWN)


def _words(found: Status) -> str:
    if not found.is_running:
        return "Mailconsole does not run. Start it with ./console up"
    lines = [f"Mailconsole is {found.phase}, revision {found.revision or 'none'}."]
    lines += [f"  {name:<12}{address}" for name, address in found.addresses.items()]
    lines.append("")
    for part in found.parts:
        word = "ok" if part["is_healthy"] else part["state"]
        restarts = f"   restarts {part['restarts']}" if part["restarts"] else ""
        lines.append(f"  {part['name']:<14}{word:<12}pid {part['pid'] or '-'}{restarts}")
    for node in found.nodes:
        accepting = "accepting" if node["is_accepting"] else f"not accepting: {node['why_not']}"
        lines.append(f"  {node['node']:<14}revision {node['revision']}, {accepting}")
    return "\n".join(lines)
