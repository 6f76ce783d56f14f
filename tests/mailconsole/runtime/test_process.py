"""Processes are known by pid and start time, and ended by that alone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mailconsole.runtime.supervisor import process

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
DEAF = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
)


@pytest.fixture
def spawn(tmp_path):
    children = []

    def start(command):
        children.append(process.spawn(command, log=tmp_path / "child.log", environment=os.environ))
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.wait()


def wait_for_text(path: Path, text: str) -> None:
    end = time.monotonic() + 10
    while text not in path.read_text():
        assert time.monotonic() < end, f"{text!r} is not in {path.read_text()!r}"
        time.sleep(0.02)


def test_end__pid_now_belongs_to_another_process__leaves_it_alone(spawn):
    child = spawn(SLEEP)
    assert process.end(child.pid, "12345", wait_s=1)
    assert child.poll() is None


def test_end__willing__ends_it_by_term(spawn):
    child = spawn(SLEEP)
    assert process.end(child.pid, process.started_at(child.pid), wait_s=5)
    assert not process.is_alive(child.pid, process.started_at(child.pid))


def test_end__deaf_to_term__kills_it_and_says_so(spawn, tmp_path):
    child = spawn(DEAF)
    start = process.started_at(child.pid)
    wait_for_text(tmp_path / "child.log", "deaf")
    assert not process.end(child.pid, start, wait_s=0.2)
    assert not process.is_alive(child.pid, start)


def test_is_alive__no_such_process__is_false():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert not process.is_alive(child.pid, "1")
    assert not process.is_alive(0, "")


def test_spawn__ctrl_c_in_the_terminal__does_not_reach_the_child(spawn):
    """Ctrl-C goes to the terminal's process group: Valkey would end before those that need it."""
    child = spawn(SLEEP)
    assert os.getsid(child.pid) == child.pid
    assert os.getpgid(child.pid) != os.getpgid(0)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_spawn__parent_killed__child_ends_too(tmp_path):
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, sys, time, pathlib\n"
            "sleep = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
            "from mailconsole.runtime.supervisor import process\n"
            "log = pathlib.Path(sys.argv[1])\n"
            "child = process.spawn(sleep, log=log, environment=os.environ)\n"
            "print(child.pid, flush=True); time.sleep(60)",
            str(tmp_path / "child.log"),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        start = process.started_at(pid)
        parent.send_signal(signal.SIGKILL)
    assert process.wait_until_gone(pid, start, 5)


def test_rotate__large_log__keeps_one_earlier(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "MAX_LOG_BYTES", 10)
    log = tmp_path / "web.log"
    log.write_text("short")
    process.rotate(log)
    assert log.read_text() == "short"
    log.write_text("longer than ten bytes")
    process.rotate(log)
    assert not log.exists()
    assert (tmp_path / "web.log.1").read_text() == "longer than ten bytes"
