"""What workers run: one directory that cannot be read keeps no other from being read."""

import pytest
from django.utils import timezone

from directory.snapshot import Snapshot
from mailconsole.recipients import tasks
from mailconsole.recipients.models import SyncRun
from mailconsole.recipients.states import SyncState, SyncTrigger
from tests.directory.entries import a_recipient
from tests.mailconsole.recipients.directories import NOW, answer_with, create_directory, read_directory
from tests.support.factories import create_operator

pytestmark = pytest.mark.django_db


def test_sync_directories__one_is_being_read_already__reads_the_others(monkeypatch):
    busy, free = create_directory(name="Busy"), create_directory(name="Free")
    create_directory(name="Off", is_enabled=False)
    SyncRun.objects.create(source=busy, state=SyncState.RUNNING, started_at=NOW, heartbeat_at=timezone.now())
    answer_with(monkeypatch, [a_recipient("anna")])
    tasks.sync_directories()
    run = SyncRun.objects.exclude(source=busy).get()
    assert (run.source, run.state, run.trigger) == (free, SyncState.SUCCEEDED, SyncTrigger.SCHEDULE)


def test_sync_directory__asked_for_by_a_person__says_who(monkeypatch):
    source, operator = create_directory(), create_operator()
    answer_with(monkeypatch, [a_recipient("anna")])
    tasks.sync_directory(source_id=source.pk, actor_id=operator.pk)
    run = SyncRun.objects.get()
    assert (run.actor, run.trigger) == (operator, SyncTrigger.BUTTON)


def test_sync_directory__source_is_gone__does_nothing():
    tasks.sync_directory(source_id=4711)
    assert not SyncRun.objects.exists()


def test_build_snapshot__twice__builds_once(monkeypatch, home):
    read_directory(monkeypatch, create_directory(), [a_recipient("anna")])
    for path in (home / "directory").iterdir():
        path.unlink()
    tasks.build_snapshot()
    tasks.build_snapshot()
    assert Snapshot.open(home / "directory").version == 1
