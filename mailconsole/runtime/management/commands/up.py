"""Start everything and keep it running."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from mailconsole.runtime.supervisor.refusals import CannotStart
from mailconsole.runtime.supervisor.said import show
from mailconsole.runtime.supervisor.up import up


class Command(BaseCommand):
    help = "Start the web console, the workers and the transport; stay until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--detach", action="store_true", help="return when everything answers")
        parser.add_argument("--detached", action="store_true", help="(what --detach starts)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["detach"]:
            sys.exit(_detach())
        try:
            up(settings.ENVIRONMENT, is_detached=options["detached"])
        except CannotStart as refusal:
            self.stderr.write(str(refusal))
            sys.exit(1)


def _detach() -> int:
    """Start the supervisor in a session of its own; show what it says until it runs or gives up."""
    child = subprocess.Popen(
        [sys.executable, *sys.argv[:1], "up", "--detached"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert child.stdout is not None
    show(child.stdout)
    try:
        return child.wait(timeout=1)  # it gave up: the pipe ended because it did
    except subprocess.TimeoutExpired:
        return 0
