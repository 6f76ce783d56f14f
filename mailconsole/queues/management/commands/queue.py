"""`queue`: queues, queued messages and hold rules on the command line. Parses, calls a service, answers."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from mailconsole.audit.terminal import TerminalCommand
from mailconsole.common.refusals import PageRefused, Refusal
from mailconsole.queues.cli import read, write
from mailconsole.queues.cli.arguments import add_criteria, add_route_criteria, duration
from transport.model.queue_order import Verb


class Command(TerminalCommand):
    help = "List queues and their messages; suspend, resume, retry, remove, redirect, resubmit, export and hold mail."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        verbs.add_parser("list", help="list the queues and why each waits").set_defaults(act=read.list_queues)
        show = verbs.add_parser("show", help="list queued messages and why each waits")
        add_criteria(show)
        show.add_argument("--offset", type=int, default=0)
        show.add_argument("--limit", type=int, default=50)
        show.set_defaults(act=read.show)
        for name, act, words in (
            ("suspend-queue", write.suspend_whole, "hold a whole queue on every node, also what comes"),
            ("resume-queue", write.resume_whole, "let a suspended queue go on"),
            ("retry-queue", write.retry_whole, "try everything in a queue now"),
        ):
            whole = verbs.add_parser(name, help=words)
            whole.add_argument("key", metavar="KEY", help="as `queue list` prints it")
            _add_person(whole)
            whole.set_defaults(act=act)
        for verb in Verb:
            words = verb.sentence[0].lower() + verb.sentence[1:].rstrip(".")
            self._add_order(verbs.add_parser(verb.value, help=words), verb)
        export = verbs.add_parser("export", help="write one message as it is stored")
        export.add_argument("node", metavar="NODE")
        export.add_argument("id", metavar="QUEUE-ID")
        export.add_argument("--output", required=True, metavar="FILE", help="a new file, or - for standard output")
        _add_person(export)
        export.set_defaults(act=read.export)
        several = verbs.add_parser("export-all", help="write all messages that match into one zip")
        add_criteria(several)
        several.add_argument("--output", required=True, metavar="FILE", help="a new file, or - for standard output")
        _add_person(several)
        several.set_defaults(act=read.export_all)
        self._add_holds(verbs.add_parser("hold", help="hold rules for mail to come"))

    def _add_order(self, parser: ArgumentParser, verb: Verb) -> None:
        add_criteria(parser)
        _add_person(parser)
        parser.add_argument("--yes", action="store_true", help="do it without asking")
        parser.add_argument("--dry-run", action="store_true", help="say how many, and stop")
        if verb is Verb.REMOVE:
            parser.add_argument("--without-ndr", action="store_true", help="do not tell the senders")
        elif verb is Verb.REDIRECT:
            parser.add_argument("--to", required=True, metavar="ID", help="the send connector")
        elif verb is Verb.SET_NEXT_ATTEMPT:
            parser.add_argument("--in", dest="wait", type=duration, required=True, metavar="30m")
        parser.set_defaults(act=write.order)

    def _add_holds(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="hold_verb", required=True, metavar="list|add|lift")
        verbs.add_parser("list", help="list the rules").set_defaults(act=read.list_holds)
        add = verbs.add_parser("add", help="hold mail to come")
        add_route_criteria(add)
        add.add_argument(
            "--for", dest="lasts", type=duration, default=0, metavar="4h", help="default: until it is lifted"
        )
        _add_person(add)
        add.set_defaults(act=write.add_hold)
        lift = verbs.add_parser("lift", help="end a rule; what it holds goes on")
        lift.add_argument("rule", type=int, metavar="N")
        _add_person(lift)
        lift.set_defaults(act=write.lift_hold)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            options["act"](options, self.stdout.write)
        except PageRefused as refused:
            raise CommandError(f"{refused.sentence} {refused.next_step}".strip()) from None
        except (Refusal, ValueError) as refused:
            raise CommandError(str(refused)) from None


def _add_person(parser: ArgumentParser) -> None:
    parser.add_argument("--as", dest="user", metavar="USER", help="whose doing it is (default: MAILCONSOLE_USER)")
    parser.add_argument("--reason", default="", help="kept in the audit")
