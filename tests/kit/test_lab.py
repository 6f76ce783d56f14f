"""Which lab the tests may use: the one of LAB_DIR, where it runs or can be started."""

import os
import socket
from collections.abc import Iterator

import pytest

from tests.support.lab import Part


@pytest.fixture
def port() -> Iterator[int]:
    """Somebody answers there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def part(port: int, *programs: str) -> Part:
    return Part("dns", "127.0.0.1", port, programs)


def test_lab__of_this_folder_answers__can_serve(tmp_path, monkeypatch, port):
    monkeypatch.setenv("LAB_DIR", str(tmp_path))
    (tmp_path / "dns").mkdir()
    assert part(port).is_running() and part(port, "no such program").can_serve()


def test_lab__of_another_folder_answers__cannot_serve(tmp_path, monkeypatch, port):
    """Neither as it is nor by starting ours, which would need the same addresses."""
    monkeypatch.setenv("LAB_DIR", str(tmp_path))
    assert not part(port).is_running() and not part(port).can_serve()


def test_lab__nobody_answers__root_with_its_programs_can_start_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_DIR", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert part(1).can_serve() and not part(1, "no such program").can_serve()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not part(1).can_serve()
