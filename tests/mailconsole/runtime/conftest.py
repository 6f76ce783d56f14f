"""A node in the test's process, hosted as a Celery worker hosts it: at free ports, in a home of its own."""

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from mailconsole.changes.services.revisions import ensure_initial_revision
from mailconsole.environment import HostPort
from mailconsole.runtime import config_watch
from mailconsole.runtime.host import TransportHost

ANY_PORT = HostPort("127.0.0.1", 0)
NODE = "transport-1"


def wait_until(is_so: Callable[[], object], *, timeout_s: float = 30.0) -> None:
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, f"not within {timeout_s} s"
        time.sleep(0.02)


@pytest.fixture
def node_home(settings, tmp_path):
    """Where nodes of this test keep their state; they listen at free ports."""
    settings.HOME = tmp_path
    settings.ENVIRONMENT = dataclasses.replace(settings.ENVIRONMENT, home=tmp_path, smtp=ANY_PORT, submission=ANY_PORT)
    return tmp_path


@pytest.fixture
def host(transactional_db, node_home, live_redis, monkeypatch) -> Iterator[TransportHost]:
    """A running node under revision 1. The database is real, and so are the threads that report to it."""
    monkeypatch.setattr(config_watch.ConfigWatch, "every_s", 0.1)
    ensure_initial_revision()
    running = TransportHost(node=NODE, worker=f"{NODE}@test")
    running.start()
    yield running
    running.stop()
    assert not [one.name for one in threading.enumerate() if one.name in {"configuration", "snapshot", "shipper"}]


def smtp_address(host: TransportHost) -> tuple[str, int]:
    """Where the node takes mail."""
    listening = host.call(lambda service: service._parts.listener)
    assert listening is not None
    return listening.address_of("smtp")
