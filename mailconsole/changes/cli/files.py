"""Reading what the command line names: files and revisions. Every no names the thing."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from django.core.management.base import CommandError

from mailconsole.changes.models import Revision
from mailconsole.changes.services.revisions import head_revision, load_document
from transport.config import text
from transport.config.document import MailFlow
from transport.config.problem import Problem
from transport.config.words import object_name


def read_text(file: str) -> str:
    """Raises CommandError."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not UTF-8 text: byte {error.start} is not valid.") from None


def write_text(file: str, content: str) -> None:
    """Raises CommandError."""
    try:
        Path(file).write_text(content, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file} can't be written: {error.strerror}.") from None


def document_of_file(file: str) -> MailFlow:
    """What the file says; sections that it leaves out are the head's. Raises CommandError, BadText."""
    return text.load(read_text(file), onto=load_document(head_revision()))


def revision_of(number: int) -> Revision:
    """Raises CommandError."""
    head = head_revision()
    found = Revision.objects.filter(number=number).first()
    if found is None:
        raise CommandError(f"There is no revision {number}: the newest is {head}.")
    return found


def document_of(name: str) -> MailFlow:
    """A revision by its number, else a file."""
    return load_document(revision_of(int(name))) if name.isdecimal() else document_of_file(name)


def moment(option: str, said: str | None) -> datetime:
    """A time as the command line has it: in UTC where it names no offset. Raises CommandError."""
    try:
        at = datetime.fromisoformat(said or "")
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        what = f"{said} is no time" if said else "a time is missing"
        raise CommandError(f"{option}: {what}; write for example 2026-12-31T08:00.") from None


def problem_line(problem: Problem, document: MailFlow) -> str:
    """``error: relay_policies[Scanners].networks: ...``"""
    name = object_name(document, problem.kind, problem.object_id)
    place = f"{problem.kind}[{name}]" if name else problem.kind
    place += f".{problem.field}" if problem.field else ""
    return f"{problem.severity}: {place}: {problem.sentence}"
