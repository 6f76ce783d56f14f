"""`config`: the configuration document on the command line, as YAML. Parses, calls a service, answers."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import OperationalError, ProgrammingError

from mailconsole.audit.terminal import TerminalCommand
from mailconsole.changes import refusals
from mailconsole.changes.cli import apply, explain, more, plan, read, write
from mailconsole.changes.services.impact import WINDOW_DAYS, WINDOWS
from mailconsole.common import storable
from mailconsole.common.refusals import Refusal, named
from mailconsole.common.templatetags.words import wire
from transport.config.text import BadText

_FILES = ("file", "files", "one", "two", "header", "under")


def exit_code(refusal: Refusal) -> int:
    """3: it is not as the person thought, look again; 4: it is not theirs to do; 1: anything else. 2 is argparse's."""
    if isinstance(refusal, refusals.MOVED):
        return 3
    return 4 if isinstance(refusal, refusals.NOT_ALLOWED) else 1


def _storable(options: dict[str, Any]) -> dict[str, Any]:
    """Words of a terminal that is no UTF-8 as the database takes them; names of files stay as they are."""
    return {name: said if name in _FILES else storable.value(said) for name, said in options.items()}


class Command(TerminalCommand):
    help = "The configuration document: export, validate, plan, apply, restore; its history; what it answers."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        export = verbs.add_parser("export", help="print the configuration as YAML, or write it to a file")
        export.add_argument("file", metavar="FILE", nargs="?", default="-", help="default: -, standard output")
        export.add_argument("--revision", type=int, metavar="N", help="an older revision (default: the newest)")
        export.set_defaults(act=read.export)
        validate = verbs.add_parser("validate", help="say what is wrong with a file, and change nothing")
        validate.add_argument("file", metavar="FILE", help="a YAML file, or - for standard input")
        validate.set_defaults(act=read.validate_file)
        self._add_plan(verbs.add_parser("plan", help="say what a file or a change would do, and to which traffic"))
        self._add_apply(verbs.add_parser("apply", help="make a change that leads to what the file says"))
        self._add_restore(
            verbs.add_parser("restore", help="make a change that leads back to a revision, and submit it")
        )
        ask = verbs.add_parser("explain", help="say what the rules would answer to an attempt, step by step")
        explain.add_arguments(ask)
        ask.set_defaults(act=explain.explain_attempt)
        verbs.add_parser("schema", help="print the JSON schema of the file").set_defaults(act=read.schema)
        history = verbs.add_parser("history", help="list the revisions")
        history.add_argument("--limit", type=int, default=20, metavar="N")
        history.set_defaults(act=read.history)
        difference = verbs.add_parser("diff", help="say in words what differs")
        difference.add_argument("one", metavar="N|FILE", help="a revision number, or a file")
        difference.add_argument("two", metavar="N|FILE", nargs="?", help="the other one (default: the newest revision)")
        difference.add_argument("--yaml", action="store_true", help="as lines of YAML, not in words")
        difference.set_defaults(act=read.difference)
        secret = verbs.add_parser("secret", help="store a password from standard input under a name")
        secret.add_argument("name", metavar="NAME")
        secret.add_argument("--as", dest="user", metavar="USER", help="whose doing it is")
        secret.set_defaults(act=write.secret)
        password = verbs.add_parser("password", help="make a service account's password, print it, and keep its hash")
        password.add_argument("name", metavar="NAME", help="the account's password_secret; made if it is not there")
        password.add_argument("--as", dest="user", metavar="USER", help="whose doing it is")
        password.set_defaults(act=write.password)
        more.add_all(verbs)

    def _add_plan(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", nargs="?", help="a YAML file, or - for standard input")
        parser.add_argument("--change", type=int, metavar="N", help="a change instead of a file")
        parser.add_argument(
            "--days", type=int, choices=WINDOWS, default=WINDOW_DAYS, help="of recent traffic (default: 7)"
        )
        parser.add_argument("--no-impact", dest="impact", action="store_false", help="leave recent traffic alone")
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.set_defaults(act=plan.plan)

    def _add_restore(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", type=int, metavar="N", help="the revision to go back to")
        parser.add_argument("--as", dest="user", metavar="USER", help="whose change it is (default: MAILCONSOLE_USER)")
        parser.add_argument("--reason", default="", help="why")
        parser.add_argument("--json", action="store_true", help="for programs: what became of it")
        parser.set_defaults(act=apply.restore)

    def _add_apply(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a YAML file, or - for standard input")
        parser.add_argument("--as", dest="user", metavar="USER", help="whose change it is (default: MAILCONSOLE_USER)")
        parser.add_argument("--title", default="", help="what the change is called")
        parser.add_argument("--reason", default="", help="why")
        parser.add_argument("--ticket", default="", help="where it was asked for")
        parser.add_argument("--publish", action="store_true", help="put it into effect, where the person may")
        parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
        parser.add_argument("--draft", action="store_true", help="leave it a draft: nobody is asked to review it")
        parser.add_argument("--change", type=int, metavar="N", help="put it into this change instead of a new one")
        parser.add_argument("--json", action="store_true", help="for programs: what became of it")
        parser.set_defaults(act=apply.apply)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            options["act"](_storable(options), self.stdout.write)
        except BadText as bad:
            file = options.get("file") or options.get("one") or "--set"
            raise CommandError("\n".join(f"{file}: {problem}" for problem in bad.problems)) from None
        except Refusal as refusal:
            if options.get("json"):
                self.stdout.write(json.dumps({**named(type(refusal).__name__), "detail": str(refusal)}))
            raise CommandError(wire(str(refusal)), returncode=exit_code(refusal)) from None
        except (OperationalError, ProgrammingError) as error:
            raise CommandError(
                f"The console's database is not ready ({error}): start it once with ./console up."
            ) from None
