"""A reading of a directory: what it keeps, and what it leaves alone when something is wrong."""

import errno
from dataclasses import replace
from datetime import timedelta

import pytest

from directory import source as directory_source
from directory.errors import ServerUnreachable
from directory.model import ChangesBy, EntryProblem, Position, RecipientKind, Severity
from directory.snapshot import Snapshot
from directory.staging import Staging
from mailconsole.recipients.models import AddressConflict, Recipient, RecipientAddress, SyncRun
from mailconsole.recipients.refusals import NothingToCancel, SourceRefused, SyncInProgress
from mailconsole.recipients.services import snapshot
from mailconsole.recipients.services.request_sync import cancel_sync
from mailconsole.recipients.services.sync import staging_path, sync_source
from mailconsole.recipients.states import SyncState
from tests.directory.entries import a_recipient, guid_of
from tests.mailconsole.recipients.directories import NOW, create_directory, read_directory

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return create_directory()


def raise_no_space(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def look_up(home, address):
    opened = Snapshot.open(home / "directory")
    try:
        return opened.find(address)
    finally:
        opened.close()


def test_sync_source__first_reading__fills_rows_and_look_up_file(monkeypatch, source, home):
    run = read_directory(monkeypatch, source, [a_recipient("anna"), a_recipient("ben")])
    assert (run.state, run.added_count, run.recipient_count) == (SyncState.SUCCEEDED, 2, 2)
    assert look_up(home, "ANNA@acme.example").object_guid == guid_of("anna")
    assert set(RecipientAddress.objects.values_list("key", flat=True)) == {"anna@acme.example", "ben@acme.example"}


def test_sync_source__renamed_object__keeps_its_row_and_says_before_and_after(monkeypatch, source, home):
    anna = a_recipient("anna")
    read_directory(monkeypatch, source, [anna])
    row = Recipient.objects.get()
    renamed = replace(anna, display_name="Anna Baker", addresses=("a.baker@acme.example",))
    renamed = replace(renamed, primary_address="a.baker@acme.example")
    run = read_directory(monkeypatch, source, [renamed])
    assert Recipient.objects.get().pk == row.pk
    assert {"field": "display name", "before": "Anna", "after": "Anna Baker"} in run.changes[0]["fields"]
    assert look_up(home, "anna@acme.example") is None
    assert look_up(home, "a.baker@acme.example")


def test_sync_source__nothing_changed__keeps_the_file_and_renews_its_age(monkeypatch, source, home):
    read_directory(monkeypatch, source, [a_recipient("anna")])
    later = NOW + timedelta(hours=1)
    run = read_directory(monkeypatch, source, [a_recipient("anna")], now=later)
    opened = Snapshot.open(home / "directory")
    assert run.message == "Nothing has changed."
    assert (opened.version, opened.age_s(later.timestamp())) == (1, 0)
    opened.close()


def test_sync_source__many_gone__stops_and_keeps_everything(monkeypatch, source, home):
    people = [a_recipient(f"person{n}") for n in range(50)]
    read_directory(monkeypatch, source, people)
    run = read_directory(monkeypatch, source, people[10:])
    assert run.state == SyncState.STOPPED
    assert "10 of 50" in run.message
    assert Recipient.objects.count() == 50
    assert look_up(home, "person0@acme.example")


def test_sync_source__many_gone_and_confirmed__lets_them_go(monkeypatch, source, home):
    people = [a_recipient(f"person{n}") for n in range(50)]
    read_directory(monkeypatch, source, people)
    run = read_directory(monkeypatch, source, people[10:], is_shrink_confirmed=True)
    assert (run.state, run.removed_count) == (SyncState.SUCCEEDED, 10)
    assert look_up(home, "person0@acme.example") is None


def test_sync_source__empty_answer__stops_even_at_first(monkeypatch, source):
    assert read_directory(monkeypatch, source, []).state == SyncState.STOPPED


def test_sync_source__controller_gone__keeps_the_last_good_data_and_says_why(monkeypatch, source, home):
    read_directory(monkeypatch, source, [a_recipient("anna")])
    gone = ServerUnreachable("Cannot connect to dc1:636: nothing listens there.")
    run = read_directory(monkeypatch, source, [], answer={"error": gone})
    assert (run.state, run.message) == (SyncState.FAILED, str(gone))
    assert look_up(home, "anna@acme.example")


def test_sync_source__look_up_file_could_not_be_written__is_made_up_for_at_the_next_run(monkeypatch, source, home):
    read_directory(monkeypatch, source, [a_recipient("anna")])
    with monkeypatch.context() as full_disk:
        full_disk.setattr(snapshot, "publish_changes", raise_no_space)
        run = read_directory(monkeypatch, source, [a_recipient("anna"), a_recipient("ben")])
    assert (run.state, look_up(home, "ben@acme.example")) == (SyncState.FAILED, None)
    assert "No space left" in run.message
    run = read_directory(monkeypatch, source, [a_recipient("anna"), a_recipient("ben")])
    assert (run.state, run.added_count) == (SyncState.SUCCEEDED, 0)
    assert look_up(home, "ben@acme.example")


def test_refresh_snapshot__another_machine_without_a_file__builds_one(monkeypatch, source, settings, tmp_path):
    read_directory(monkeypatch, source, [a_recipient("anna")])
    settings.HOME = tmp_path / "other"
    assert snapshot.refresh_snapshot(now=NOW)
    assert look_up(settings.HOME, "anna@acme.example")
    assert snapshot.refresh_snapshot(now=NOW) is None


def test_sync_source__changes__keep_the_others_and_the_position_of_each_controller(monkeypatch, source, home):
    one, two = Position("11", 100), Position("22", 7)
    people = [a_recipient(f"person{n}") for n in range(20)]
    read_directory(monkeypatch, source, people, answer={"position": one})
    renamed = replace(people[3], display_name="Renamed")
    answer = {"position": two, "gone": [guid_of("person1"), guid_of("nobody known")]}
    run = read_directory(monkeypatch, source, [renamed, a_recipient("new")], answer=answer, is_whole=False)
    assert (run.state, run.is_whole, run.recipient_count) == (SyncState.SUCCEEDED, False, 20)
    assert [one["what"] for one in run.changes] == ["removed", "changed", "added"]
    source.refresh_from_db()
    assert source.positions == {"11": 100, "22": 7}
    assert source.last_whole_at == NOW
    assert look_up(home, "person1@acme.example") is None
    assert look_up(home, "new@acme.example")
    assert look_up(home, "person2@acme.example")


def test_sync_source__dirsync__keeps_each_controllers_cookie_and_how_changes_are_told(monkeypatch, source):
    one, other = Position("11", 100, b"\x00\xff"), Position("22", 7, b"two")
    people = [a_recipient(f"person{n}") for n in range(20)]
    told = {"next_by": ChangesBy.DIRSYNC, "told_by": ChangesBy.DIRSYNC}
    assert read_directory(monkeypatch, source, people, answer={"position": one, **told}).told_by == ""
    run = read_directory(monkeypatch, source, [], answer={"position": other, "gone": [], **told}, is_whole=False)
    source.refresh_from_db()
    assert (run.told_by, source.changes_by, source.cookies) == ("dirsync", "dirsync", {"11": "AP8=", "22": "dHdv"})
    refused = {"next_by": ChangesBy.COUNT, "told_by": ChangesBy.COUNT, "why_not_dirsync": "DirSync is refused: no."}
    answer = {"position": Position("22", 9), "gone": [], **refused}
    read_directory(monkeypatch, source, [], answer=answer, is_whole=False)
    source.refresh_from_db()
    assert (source.changes_by_value, source.why_not_dirsync) == (ChangesBy.COUNT, "DirSync is refused: no.")
    assert source.cookies == {"11": "AP8="}


def test_sync_source__changes_take_too_many_away__stops_and_keeps_everything(monkeypatch, source, home):
    people = [a_recipient(f"person{n}") for n in range(50)]
    read_directory(monkeypatch, source, people)
    gone = [one.object_guid for one in people[:10]]
    run = read_directory(monkeypatch, source, [], answer={"gone": gone}, is_whole=False)
    assert (run.state, Recipient.objects.count()) == (SyncState.STOPPED, 50)
    assert look_up(home, "person0@acme.example")


def test_sync_source__object_gone_from_one_of_two_sources__stays_by_the_other(monkeypatch, home):
    one, two = create_directory(name="One"), create_directory(name="Two")
    both = [a_recipient(f"person{n}") for n in range(20)]
    read_directory(monkeypatch, one, both)
    read_directory(monkeypatch, two, both)
    read_directory(monkeypatch, one, [], answer={"gone": [guid_of("person1")]}, is_whole=False)
    assert look_up(home, "person1@acme.example")


def test_cancel_sync__going_run__ends_at_the_next_page_and_changes_nothing(monkeypatch, source, home):
    read_directory(monkeypatch, source, [a_recipient("anna")])

    def ask(settings, staging, *, progress, **more):
        cancel_sync(source=source, actor=None)
        staging.begin(scope="test", position=None)
        progress(500)

    monkeypatch.setattr(directory_source, "read", ask)
    run = sync_source(source=source, actor=None, now=NOW)
    assert (run.state, run.message) == (SyncState.CANCELLED, "Cancelled after 500 entries. Nothing was changed.")
    assert look_up(home, "anna@acme.example")
    with pytest.raises(NothingToCancel):
        cancel_sync(source=source, actor=None)


def test_sync_source__broke_off__keeps_what_was_read_for_the_next_whole_reading(monkeypatch, source):
    def break_off(settings, staging, *, progress, **more):
        staging.begin(scope="test", position=Position("11", 5))
        staging.add([a_recipient("anna")])
        raise ServerUnreachable("The controller went away.")

    monkeypatch.setattr(directory_source, "read", break_off)
    assert sync_source(source=source, actor=None, now=NOW).state == SyncState.FAILED
    with Staging.on_disk(staging_path(source)) as staging:
        assert staging.broken_off_at(scope="test", position=Position("11", 9)) == Position("11", 5)
        assert staging.broken_off_at(scope="other", position=Position("11", 9)) is None
        assert staging.broken_off_at(scope="test", position=Position("another controller", 9)) is None
    read_directory(monkeypatch, source, [a_recipient("anna")])
    assert not staging_path(source).exists()


def test_sync_source__something_unforeseen__ends_the_run_and_is_raised(monkeypatch, source):
    with pytest.raises(ZeroDivisionError):
        read_directory(monkeypatch, source, [], answer={"error": ZeroDivisionError()})
    assert SyncRun.objects.get().state == SyncState.FAILED


def test_sync_source__another_run_goes_on__is_refused(source):
    SyncRun.objects.create(source=source, state=SyncState.RUNNING, started_at=NOW, heartbeat_at=NOW)
    with pytest.raises(SyncInProgress):
        sync_source(source=source, actor=None, now=NOW + timedelta(seconds=60))


def test_sync_source__worker_of_the_other_run_died__takes_over(monkeypatch, source):
    dead = SyncRun.objects.create(source=source, state=SyncState.RUNNING, started_at=NOW, heartbeat_at=NOW)
    run = read_directory(monkeypatch, source, [a_recipient("anna")], now=NOW + timedelta(minutes=10))
    dead.refresh_from_db()
    assert (dead.state, run.state) == (SyncState.FAILED, SyncState.SUCCEEDED)


def test_sync_source__switched_off__is_refused():
    with pytest.raises(SourceRefused, match="switched off"):
        sync_source(source=create_directory(is_enabled=False), actor=None, now=NOW)


def test_sync_source__one_address_on_two_objects_of_two_sources__is_a_conflict(monkeypatch, home):
    one, two = create_directory(name="One"), create_directory(name="Two")
    read_directory(monkeypatch, one, [a_recipient("anna", primary_address="info@acme.example")])
    read_directory(monkeypatch, two, [a_recipient("ben", primary_address="INFO@acme.example")])
    assert look_up(home, "info@acme.example").is_conflict
    assert AddressConflict.objects.get().address == "info@acme.example"


def test_sync_source__two_sources_read_the_same_object__is_no_conflict(monkeypatch, home):
    for name in ("One", "Two"):
        read_directory(monkeypatch, create_directory(name=name), [a_recipient("anna")])
    assert look_up(home, "anna@acme.example").kind is RecipientKind.MAILBOX


def test_sync_source__problems_of_entries__are_kept_skipped_ones_first(monkeypatch, source):
    problems = (EntryProblem("CN=a", Severity.NOTED, "noted"), EntryProblem("CN=b", Severity.SKIPPED, "no address"))
    run = read_directory(monkeypatch, source, [a_recipient("anna")], answer={"problems": problems})
    assert [problem["dn"] for problem in run.problems] == ["CN=b", "CN=a"]
    assert run.problem_count == 2
