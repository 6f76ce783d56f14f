"""Sources and recipients at any point of their life; the controller's answer is given where no real one is needed."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from directory import source as directory_source
from directory.model import Recipient
from directory.source import Reading
from directory.staging import Staging
from mailconsole.recipients.models import DirectorySource, SyncRun
from mailconsole.recipients.services.sources import create_source
from mailconsole.recipients.services.sync import sync_source

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PASSWORD = "a bind password"
_numbers = itertools.count(1)


def new_source(**fields: Any) -> DirectorySource:
    values = {
        "name": f"Directory {next(_numbers)}",
        "servers": "dc1.corp.example",
        "security": "ldaps",
        "base_dn": "DC=corp,DC=example",
        "bind_user": "svc@corp.example",
    } | fields
    return DirectorySource(**values)


def create_directory(*, password: str = PASSWORD, actor: Any = None, **fields: Any) -> DirectorySource:
    return create_source(source=new_source(**fields), password=password, actor=actor, now=NOW)


def answer_with(monkeypatch: Any, recipients: list[Recipient], **more: Any) -> None:
    """What the controller says at the next reading; an exception instead of recipients is raised. `gone` makes it a
    reading of changes."""

    def read(settings: Any, staging: Staging, *, since: Any, cookies: Any, known: Any, progress: Any) -> Reading:
        if "error" in more:
            raise more["error"]
        staging.begin(scope="test", position=None)
        staging.add(recipients, [(problem.dn, problem) for problem in more.get("problems", ())])
        progress(len(recipients))
        position = more.get("position")
        told = {name: more[name] for name in ("told_by", "next_by", "why_not_dirsync") if name in more}
        if "gone" in more:
            gone = tuple(more["gone"])
            return Reading("dc1:636", staging, len(recipients), position, is_whole=False, gone=gone, **told)
        return Reading("dc1:636", staging, len(recipients), position, **told)

    monkeypatch.setattr(directory_source, "read", read)


def read_directory(monkeypatch: Any, source: DirectorySource, recipients: list[Recipient], **more: Any) -> SyncRun:
    answer_with(monkeypatch, recipients, **more.pop("answer", {}))
    return sync_source(source=source, actor=None, now=more.pop("now", NOW), **more)
