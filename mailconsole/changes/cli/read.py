"""The verbs of `config` that only read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from mailconsole.changes.cli.files import document_of, document_of_file, problem_line, revision_of, write_text
from mailconsole.changes.models import Revision
from mailconsole.changes.services.compare import yaml_lines
from mailconsole.changes.services.plan import problems_of
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.common.templatetags.words import wire
from transport.config import text
from transport.config.diff import diff
from transport.config.validate import errors
from transport.config.words import in_words, plain

Write = Callable[[str], Any]
Options = dict[str, Any]


def export(options: Options, write: Write) -> None:
    revision = head_revision() if options["revision"] is None else revision_of(options["revision"])
    exported = text.export(load_document(revision))
    if options["file"] == "-":
        write(exported)
    else:
        write_text(options["file"], exported)
        write(f"Revision {revision.number} is written to {options['file']}.")


def validate_file(options: Options, write: Write) -> None:
    document = document_of_file(options["file"])
    problems = problems_of(document, now=timezone.now())
    wrong = errors(problems)
    for problem in problems:
        if problem not in wrong:
            write(problem_line(problem, document))
    if wrong:
        raise CommandError("\n".join(f"{options['file']}: {problem_line(one, document)}" for one in wrong))
    write(f"{options['file']} is a valid configuration.")


def schema(options: Options, write: Write) -> None:
    write(json.dumps(text.json_schema(), indent=2))


def history(options: Options, write: Write) -> None:
    head_revision()
    revisions = Revision.objects.select_related("author", "published_by", "change")[: max(1, options["limit"])]
    for one in revisions:
        who = f"{one.author}, published by {one.published_by}" if one.author else "Mailconsole"
        title = wire(one.change.title) if one.change else one.get_way_display()
        write(f"{one.number:>5}  {one.created_at:%Y-%m-%d %H:%M:%S} UTC  {title}  ({who}; {one.get_way_display()})")


def difference(options: Options, write: Write) -> None:
    before = document_of(options["one"])
    after = document_of(options["two"]) if options["two"] else load_document(head_revision())
    changes = diff(before, after)
    said = "\n".join(yaml_lines(changes)) if options["yaml"] else plain(in_words(changes, before))
    write(said or "No difference.")
