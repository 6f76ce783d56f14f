"""`config import`: the same as the page *Import*, from files of any size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from mailconsole.changes.cli.write import actor_of
from mailconsole.imports.models import Origin
from mailconsole.imports.report import Fate
from mailconsole.imports.services.import_files import import_files


def add_import(verbs: Any) -> None:
    parser = verbs.add_parser("import", help="draft the mail flow of another system, with a report")
    parser.add_argument("origin", choices=[origin.value for origin in Origin], help="where the files come from")
    parser.add_argument("files", metavar="FILE", nargs="+", help="exports, protocol logs, tables, or zips of them")
    parser.add_argument("--as", dest="user", metavar="USER", help="whose draft it is (default: MAILCONSOLE_USER)")
    parser.add_argument("--owner", default="", help="who is asked about the relay policies (default: that person)")
    parser.add_argument("--title", default="", help="what the change is called")
    parser.add_argument("--verbose", action="store_true", help="print what was mapped too")
    parser.set_defaults(act=run)


def run(options: dict[str, Any], write: Any) -> None:
    actor = actor_of(options["user"])
    report = import_files(
        actor=actor,
        origin=Origin(options["origin"]),
        files=[(Path(name).name, _read(name)) for name in options["files"]],
        owner=options["owner"] or str(actor),
        title=options["title"],
        now=timezone.now(),
    )
    for line in report.all_lines:
        if options["verbose"] or line.fate is not Fate.MAPPED:
            what = " ".join(filter(None, (line.parameter, line.value)))
            write(f"{line.fate.value}: {line.source} {line.name}: {what}{': ' if what else ''}{line.note}")
    write(", ".join(f"{count} {fate.value}" for fate, count in report.counts()) + ".")
    write(f"Draft {report.change_id}, “{report.change.title}”, holds it. Nothing of it is in effect.")


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} can't be read: {error.strerror}.") from None
