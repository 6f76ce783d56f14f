"""`protocol`: what was said in the SMTP sessions of a message or a session, from a node's protocol logs."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from mailconsole.audit.terminal import TerminalCommand
from mailconsole.common.refusals import Refusal
from mailconsole.tracking.services.protocol import CUT, LONGEST, find_protocol


class Command(TerminalCommand):
    help = "Print the SMTP sessions that a queue id or a session id stands for; connectors must log them (Verbose)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("node", metavar="NODE")
        parser.add_argument("id", metavar="ID", help="a queue id, or a session id as the Refusals page shows it")
        parser.add_argument("--hours-ago", type=float, default=24.0, help="look from then on, at most three days")

    def handle(self, *args: Any, **given: Any) -> None:
        now = timezone.now()
        at = now - timedelta(hours=given["hours_ago"])
        try:
            found = find_protocol(node=given["node"], needle=given["id"], at=at, until=min(now, at + LONGEST))
        except Refusal as problem:
            raise CommandError(str(problem)) from None
        if found.is_cut:
            self.stderr.write(CUT)
        if not found.sessions:
            raise CommandError(f"The protocol logs of {given['node']} hold nothing of {given['id']} of that time.")
        for session, lines in found.sessions.items():
            self.stdout.write(f"Session {session} of {lines[0].connector_id}, with {lines[0].remote_endpoint}")
            for line in lines:
                context = f"   ({line.context})" if line.context else ""
                self.stdout.write(f"  {line.date_time} {line.event} {line.data}{context}")
