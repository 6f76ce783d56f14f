"""The embedded Valkey: private, on loopback, at the port it had before where that is free."""

import shutil
import socket
import sys

import pytest

from mailconsole.runtime.supervisor import valkey
from mailconsole.runtime.supervisor.refusals import CannotStart


def test_prepare__again__keeps_port_and_password(tmp_path):
    first = valkey.prepare(tmp_path)
    assert valkey.prepare(tmp_path) == first


def test_prepare__port_taken_meanwhile__takes_another_and_keeps_the_password(tmp_path):
    first = valkey.prepare(tmp_path)
    with socket.create_server(("127.0.0.1", first.port)):
        second = valkey.prepare(tmp_path)
    assert second.port != first.port
    assert second.url.partition("@")[0] == first.url.partition("@")[0]


def test_prepare__its_files__are_private_and_bind_loopback_only(tmp_path):
    valkey.prepare(tmp_path)
    config = (tmp_path / "run" / "valkey.conf").read_text()
    assert "bind 127.0.0.1\n" in config
    assert "appendfsync everysec\n" in config
    for name in ("valkey.conf", "valkey.json"):
        assert (tmp_path / "run" / name).stat().st_mode & 0o777 == 0o600


def test_prepare__broken_memory_of_the_last_start__begins_anew(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "valkey.json").write_text("{")
    assert valkey.prepare(tmp_path).port


def test_binary__no_wheel__takes_one_on_path(tmp_path, monkeypatch):
    server = tmp_path / "redis-server"
    shutil.copy(sys.executable, server)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(valkey, "_bundled", lambda: None)
    assert valkey.binary() == str(server)


def test_binary__none_at_all__says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(valkey, "_bundled", lambda: None)
    with pytest.raises(CannotStart, match="set REDIS_URL, or install valkey-server"):
        valkey.binary()
