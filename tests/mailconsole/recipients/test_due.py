"""When a directory is read again, and what of it."""

from datetime import timedelta

import pytest

from directory.errors import BadCredentials
from mailconsole.recipients.services.due import Due, due_sync
from tests.directory.entries import a_recipient
from tests.mailconsole.recipients.directories import NOW, create_directory, read_directory

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return create_directory(changes_every_min=5, whole_every_h=24)


def due(source, **after):
    source.refresh_from_db()
    return due_sync(source, now=NOW + timedelta(**after))


def test_due__never_read__is_read_whole(source):
    assert due(source) is Due.WHOLE


def test_due__read__waits_then_wants_changes_and_once_a_day_everything(monkeypatch, source):
    read_directory(monkeypatch, source, [a_recipient("anna")])
    assert due(source, minutes=4) is Due.NOT_YET
    assert due(source, minutes=5) is Due.CHANGES
    assert due(source, hours=24) is Due.WHOLE


def test_due__password_of_the_reader_is_refused_again_and_again__waits_longer_each_time(monkeypatch, source):
    """Ten wrong passwords within minutes would lock the account that reads."""
    read_directory(monkeypatch, source, [a_recipient("anna")])
    refused = {"error": BadCredentials("Cannot sign in as svc: the password is wrong (52e).")}
    waits = []
    for hour in range(1, 7):
        read_directory(monkeypatch, source, [], answer=refused, now=NOW + timedelta(hours=hour), is_whole=False)
        waits.append(next(n for n in range(1, 200) if due(source, hours=hour, minutes=n) is not Due.NOT_YET))
    assert waits == [5, 10, 20, 40, 80, 80]
    read_directory(monkeypatch, source, [a_recipient("anna")], now=NOW + timedelta(hours=8))
    assert due(source, hours=8, minutes=5) is Due.CHANGES
