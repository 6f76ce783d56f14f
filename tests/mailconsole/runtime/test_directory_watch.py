"""A machine with nodes alone: the look-up file comes about without a control worker."""

import io

import pytest
from django.core.management import call_command
from structlog.testing import capture_logs

from directory.errors import SnapshotUnavailable
from directory.snapshot import Snapshot
from directory.snapshot_file import current_file
from mailconsole.recipients.models import DirectorySource
from mailconsole.runtime import directory_watch
from mailconsole.runtime.directory_watch import DirectoryWatch
from tests.directory.entries import a_recipient
from tests.mailconsole.recipients.directories import create_directory, read_directory

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(settings, tmp_path):
    settings.HOME = tmp_path
    return tmp_path


@pytest.fixture
def watch(monkeypatch):
    """Builds the file here: another process would not see the test's rows."""
    monkeypatch.setattr(directory_watch, "build", lambda: call_command("look_up_file", stdout=io.StringIO()))
    return DirectoryWatch()


def test_machine_without_the_file__has_it_at_the_second_look(monkeypatch, settings, home, watch):
    read_directory(monkeypatch, create_directory(), [a_recipient("anna")])
    settings.HOME = home / "another machine"
    watch.tick()
    with pytest.raises(SnapshotUnavailable):
        current_file(settings.HOME / "directory")
    watch.tick()
    assert Snapshot.open(settings.HOME / "directory").find("anna@acme.example").primary_address == "anna@acme.example"


def test_file_as_the_rows_are__is_left_alone_and_its_age_renewed(monkeypatch, home, watch):
    read_directory(monkeypatch, create_directory(), [a_recipient("anna")])
    before = current_file(home / "directory")
    for _ in range(3):
        watch.tick()
    assert current_file(home / "directory") == before


def test_no_directory_is_read_any_more__the_file_is_taken_out_of_use_here_too(monkeypatch, home, watch):
    read_directory(monkeypatch, create_directory(), [a_recipient("anna")])
    DirectorySource.objects.update(is_enabled=False)
    watch.tick()
    assert current_file(home / "directory")
    watch.tick()
    with pytest.raises(SnapshotUnavailable, match="No directory is in use"):
        current_file(home / "directory")


def test_machine_without_directories__builds_nothing(monkeypatch, home):
    monkeypatch.setattr(directory_watch, "build", lambda: pytest.fail("there is nothing to build"))
    watch = DirectoryWatch()
    for _ in range(3):
        watch.tick()
    assert not (home / "directory").exists()


def test_build__in_a_process_that_fails__is_told_and_raises_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(directory_watch, "ROOT", tmp_path)
    with capture_logs() as told:
        directory_watch.build()
    assert [row["event"] for row in told] == ["directory.file_not_built"] and "manage.py" in told[0]["reason"]
