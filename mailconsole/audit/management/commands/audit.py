"""`audit`: the audit on the command line. Whoever has the console's database at hand may read all of it."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from mailconsole.audit.chain import ChainCheck, check_copy
from mailconsole.audit.read import COLUMNS, Query, rows_of
from mailconsole.audit.services import verify_chain
from mailconsole.audit.terminal import TerminalCommand
from mailconsole.common.export import ExportFormat, csv_lines, json_lines
from mailconsole.common.templatetags.words import wire


class Command(TerminalCommand):
    help = "The audit: list and export what was done, verify that nothing of it was changed or taken out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        listing = verbs.add_parser("list", help="print the newest entries, the newest first")
        _add_filters(listing)
        listing.add_argument("--limit", type=int, default=20, metavar="N", help="default: 20")
        listing.add_argument("--json", action="store_true", help="for programs: a line of JSON each")
        listing.set_defaults(act=self._list)
        export = verbs.add_parser("export", help="write all entries that match, however many")
        export.add_argument("file", metavar="FILE", nargs="?", default="-", help="default: -, standard output")
        export.add_argument("--format", choices=[one.value for one in ExportFormat], default="jsonl")
        _add_filters(export)
        export.set_defaults(act=self._export)
        verify = verbs.add_parser(
            "verify", help="walk the chain and name the first entry that is not as it was written"
        )
        verify.add_argument("--copy", metavar="FILE", help="a copy in JSON lines instead of the console's database")
        verify.set_defaults(act=self._verify)

    def handle(self, *args: Any, **options: Any) -> None:
        options["act"](options)

    def _list(self, options: dict[str, Any]) -> None:
        for row in rows_of(_query(options).entries()[: max(1, options["limit"])]):
            if options["json"]:
                self.stdout.write(json.dumps(row))
            else:
                why = f" ({row['reason']})" if row["reason"] else ""
                first, *more = row["summary"].splitlines() or [""]
                said = f"{first}{f' and {len(more)} more' if more else ''}{' '.join(why.splitlines())}"
                line = f"{row['number']:>7}  {row['at'][:19]}Z  {row['actor_name']}  {row['action']}  {said}"
                self.stdout.write(wire(line))

    def _export(self, options: dict[str, Any]) -> None:
        rows = rows_of(_query(options).entries())
        if options["file"] == "-":
            _write(rows, options["format"], self.stdout)
            return
        try:
            with Path(options["file"]).open("w", encoding="utf-8", newline="") as file:
                count = _write(rows, options["format"], file)
        except OSError as error:
            raise CommandError(f"{options['file']} can't be written: {error.strerror}.") from None
        self.stdout.write(f"{count} entries are written to {options['file']}.")

    def _verify(self, options: dict[str, Any]) -> None:
        copy = options["copy"]
        found = verify_chain() if copy is None else _check_file(copy)
        what = "The audit" if copy is None else "The copy"
        if not found.is_whole:
            raise CommandError(f"{what} is not whole. {found.problem}")
        missing = f" {found.missing} entries between them are not in it." if found.missing else ""
        self.stdout.write(f"{what} is whole: {found.checked} entries.{missing}")


def _add_filters(parser: ArgumentParser) -> None:
    parser.add_argument("--words", default="", help="in what was done, the reason or the id")
    parser.add_argument("--who", default="", metavar="USER", help="a user name, or system")
    parser.add_argument("--kind", default="", help="the kind of thing, such as change")
    parser.add_argument("--id", default="", dest="object_id", help="its id")
    parser.add_argument("--action", default="", help="such as change.published")
    parser.add_argument("--since", type=date.fromisoformat, metavar="DATE", help="such as 2026-11-27")
    parser.add_argument("--until", type=date.fromisoformat, metavar="DATE", help="with that day")
    parser.add_argument("--after", type=int, metavar="N", help="later than this entry")


def _query(options: dict[str, Any]) -> Query:
    return Query(
        words=options["words"],
        actor=options["who"],
        kind=options["kind"],
        object_id=options["object_id"],
        action=options["action"],
        since=options["since"],
        until=options["until"],
        after=options["after"],
    )


def _write(rows: Iterable[Mapping[str, Any]], form: str, file: Any) -> int:
    """How many entries were."""
    is_csv = form == ExportFormat.CSV
    written = -1 if is_csv else 0  # its first line names the columns
    for line in (csv_lines if is_csv else json_lines)(rows, COLUMNS):
        file.write(line)
        written += 1
    return written


def _check_file(name: str) -> ChainCheck:
    try:
        with sys.stdin if name == "-" else Path(name).open(encoding="utf-8") as file:
            return check_copy([json.loads(line) for line in file if line.strip()])
    except OSError as error:
        raise CommandError(f"{name} can't be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError):
        raise CommandError(f"{name} is no copy of the audit in JSON lines.") from None
