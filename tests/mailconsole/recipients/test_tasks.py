"""What workers run: one directory that cannot be read keeps no other from being read."""

import pytest
from django.utils import timezone

from directory.errors import ServerUnreachable, SnapshotUnavailable
from directory.snapshot import Snapshot
from directory.snapshot_file import current_file, is_newest_format
from mailconsole.recipients import tasks
from mailconsole.recipients.models import Recipient, SyncRun
from mailconsole.recipients.states import SyncState, SyncTrigger
from tests.directory.entries import a_recipient, as_format_4, guid_of
from tests.mailconsole.recipients.directories import NOW, answer_with, create_directory, read_directory
from tests.support.factories import create_operator

pytestmark = pytest.mark.django_db

NOT_READ_BEFORE = ("attributes", "manager_guid")


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


def as_release_before(recipient):
    """Its row as it was written before attributes were read."""
    recipient.document = {name: said for name, said in recipient.document.items() if name not in NOT_READ_BEFORE}
    recipient.save()


def test_sync_directories__after_an_upgrade_with_no_controller__renews_the_file_from_the_rows_once(monkeypatch, home):
    read_directory(monkeypatch, create_directory(), [a_recipient("anna", attributes=("Department=Sales",))])
    folder = home / "directory"
    as_format_4(current_file(folder))
    as_release_before(Recipient.objects.get())
    assert Snapshot.open(folder).find("anna@acme.example"), "until then the old one answers"
    answer_with(monkeypatch, [], error=ServerUnreachable("The controller is down."))
    tasks.sync_directories()
    assert SyncRun.objects.latest("pk").state == SyncState.FAILED
    assert is_newest_format(folder)
    with pytest.raises(SnapshotUnavailable):  # the release before read none: whether she has any can't be told
        Snapshot.open(folder).attributes_of(guid_of("anna"))
    assert Snapshot.open(folder).age_s(NOW.timestamp() + 60) == 60, "it is as old as the reading, not as the file"
    tasks.sync_directories()
    assert Snapshot.open(folder).version == 2


def test_sync_directories__file_cannot_be_renewed__reads_all_the_same(monkeypatch, home):
    read_directory(monkeypatch, create_directory(), [a_recipient("anna")])
    as_format_4(current_file(home / "directory"))
    (home / "directory" / "recipients-2.part").mkdir()  # where the new one would be written
    tasks.sync_directories()
    assert SyncRun.objects.count() == 2
    assert Snapshot.open(home / "directory").find("anna@acme.example")


def test_sync_directories__never_read__makes_no_file(monkeypatch, home):
    create_directory()
    answer_with(monkeypatch, [], error=ServerUnreachable("The controller is down."))
    tasks.sync_directories()
    assert not (home / "directory" / "current").exists()
