"""Which configuration a node starts with."""

import pytest
from django.db import OperationalError

from mailconsole.changes.models import Revision
from mailconsole.changes.services.revisions import ensure_initial_revision
from mailconsole.runtime import wiring
from mailconsole.runtime.wiring import NoConfiguration, Running, keep_last_good, load_configuration, read_last_good
from tests.mailconsole.changes.kit import publish_policy
from tests.mailconsole.runtime.conftest import NODE
from transport.config.document import MailFlow, initial_document
from transport.config.objects import Organization, ReceiveConnector

KEPT = Running(7, MailFlow.model_validate({**dict(initial_document()), "organization": Organization(name="Kept")}))


@pytest.fixture
def database_away(monkeypatch):
    def refuse():
        raise OperationalError("no connection")

    monkeypatch.setattr(wiring, "head_number", refuse)


@pytest.mark.django_db
def test_load_configuration__database_answers__is_the_head(node_home):
    ensure_initial_revision()
    publish_policy()
    keep_last_good(NODE, KEPT)
    found = load_configuration(NODE)
    assert found.number == 2
    assert [policy.name for policy in found.document.relay_policies] == ["Scanners"]


@pytest.mark.django_db
def test_load_configuration__no_revision_yet__is_the_initial_document(node_home):
    assert load_configuration(NODE) == Running(0, initial_document())


def test_load_configuration__database_away__is_the_last_good_one(node_home, database_away):
    keep_last_good(NODE, KEPT)
    assert load_configuration(NODE) == KEPT


def test_load_configuration__database_away_and_nothing_kept__refuses_to_guess(node_home, database_away):
    """A guess would answer 550 to mail that the real configuration admits."""
    with pytest.raises(NoConfiguration, match="transport-1 has no configuration yet"):
        load_configuration(NODE)


@pytest.fixture
def head_cannot_be_run(monkeypatch):
    twice = tuple(ReceiveConnector(id=name, name=name, bindings=("smtp",)) for name in ("one", "two"))
    invalid = MailFlow.model_validate({**dict(initial_document()), "receive_connectors": twice})
    monkeypatch.setattr(wiring, "head_number", lambda: 8)
    published = {8: invalid, 7: KEPT.document}

    def load(number):
        try:
            return published[number]
        except KeyError:
            raise Revision.DoesNotExist("no such revision") from None

    monkeypatch.setattr(wiring, "load_document", load)


def test_load_configuration__head_cannot_be_run__is_the_last_good_one(node_home, head_cannot_be_run):
    keep_last_good(NODE, KEPT)
    assert load_configuration(NODE) == KEPT


def test_load_configuration__head_cannot_be_run_and_the_file_altered__is_what_was_published(
    node_home, head_cannot_be_run
):
    keep_last_good(NODE, Running(7, initial_document()))
    assert load_configuration(NODE) == KEPT


def test_load_configuration__head_cannot_be_run_and_the_file_is_none_of_ours__refuses(node_home, head_cannot_be_run):
    keep_last_good(NODE, Running(6, initial_document()))
    with pytest.raises(NoConfiguration, match="revision 6, which is none of the console's"):
        load_configuration(NODE)


def test_read_last_good__never_ran_or_unreadable__is_none(node_home):
    assert read_last_good(NODE) is None
    keep_last_good(NODE, KEPT)
    wiring.last_good_path(NODE).write_text('{"number": 7')
    assert read_last_good(NODE) is None


def test_keep_last_good__disk_full_midway__keeps_the_one_before(node_home, monkeypatch):
    keep_last_good(NODE, KEPT)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mailconsole.runtime.wiring.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        keep_last_good(NODE, Running(8, initial_document()))
    assert read_last_good(NODE) == KEPT
