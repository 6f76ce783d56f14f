"""A node whose last good file was tampered with: run only while nobody can be asked, then told and mended."""

from __future__ import annotations

import json

import pytest
from django.db import OperationalError

from mailconsole.audit.models import AuditEntry
from mailconsole.changes.models import Revision
from mailconsole.changes.services.revisions import ensure_initial_revision
from mailconsole.nodes.models import Node
from mailconsole.nodes.services import register_heartbeat
from mailconsole.runtime import config_watch, wiring
from mailconsole.runtime.host import TransportHost
from mailconsole.runtime.wiring import Running, keep_last_good, last_good_path, read_last_good
from tests.mailconsole.runtime.conftest import NODE, wait_until
from transport.config.document import digest, initial_document


@pytest.fixture
def tampered(transactional_db, node_home, live_redis, monkeypatch):
    """A node that starts with a tampered file of revision 1 while the database is away."""
    monkeypatch.setattr(config_watch.ConfigWatch, "every_s", 0.1)
    ensure_initial_revision()
    keep_last_good(NODE, Running(1, initial_document()))
    kept = json.loads(last_good_path(NODE).read_text())
    kept["sections"]["organization"]["name"] = "Nobody approved this"
    last_good_path(NODE).write_text(json.dumps(kept))
    host = TransportHost(node=NODE, worker=f"{NODE}@test")
    yield host
    host.stop()


def away():
    raise OperationalError("no connection")


def beaten_digests(monkeypatch) -> list[str]:
    """The digests that nodes report from now on."""
    said: list[str] = []

    def heard(**fields):
        said.append(fields["digest"])
        return register_heartbeat(**fields)

    monkeypatch.setattr(config_watch, "register_heartbeat", heard)
    return said


def test_start__tampered_file_and_the_database_answers__runs_what_was_published(tampered):
    tampered.start()
    assert tampered.running.document == initial_document()


def test_start__tampered_file_and_the_database_away__says_so_and_mends_it_once_it_is_back(tampered, monkeypatch):
    said = beaten_digests(monkeypatch)
    with monkeypatch.context() as broken:
        broken.setattr(wiring, "head_number", away)
        broken.setattr(config_watch, "head_number", away)
        tampered.start()
        ran = digest(tampered.running.document)
        assert tampered.running.document.organization.name == "Nobody approved this"  # law 3
    ours = Revision.objects.get(number=1).digest
    wait_until(lambda: Node.objects.filter(name=NODE, running_revision=1, running_digest=ours).exists())
    assert said[0] == ran != ours
    assert tampered.running.document == initial_document()
    assert tampered.call(lambda service: service.revision) == 1
    kept = read_last_good(NODE)
    assert kept is not None and kept.document == initial_document()
    entry = AuditEntry.objects.get(action="node.drifted")
    assert (entry.object_id, entry.after) == (NODE, {"revision": 1, "digest": ran})


def test_start__good_file_and_the_database_away__is_no_drift(tampered, monkeypatch):
    keep_last_good(NODE, Running(1, initial_document()))
    with monkeypatch.context() as broken:
        broken.setattr(wiring, "head_number", away)
        tampered.start()
    wait_until(lambda: Node.objects.filter(name=NODE, running_revision=1).exists())
    assert not tampered.running.is_unproved
    assert not AuditEntry.objects.filter(action="node.drifted").exists()
