"""Sources and recipients at any point of their life; the controller's answer is given where no real one is needed."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from directory import source as directory_source
from directory.model import Recipient, SyncResult
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
    """What the controller says at the next reading; an exception instead of recipients is raised."""

    def read_all(settings: Any, *, progress: Any = None) -> SyncResult:
        if "error" in more:
            raise more["error"]
        progress(len(recipients))
        return SyncResult("dc1:636", tuple(recipients), more.get("problems", ()), len(recipients))

    monkeypatch.setattr(directory_source, "read_all", read_all)


def read_directory(monkeypatch: Any, source: DirectorySource, recipients: list[Recipient], **more: Any) -> SyncRun:
    answer_with(monkeypatch, recipients, **more.pop("answer", {}))
    return sync_source(source=source, actor=None, now=more.pop("now", NOW), **more)
