"""The supervisor's state on disk, and its lock."""

import json
import os

from mailconsole.runtime.supervisor.process import started_at
from mailconsole.runtime.supervisor.state import Part, State, lock, read_state, write_state


def test_write_state__read_again__is_the_same_and_private(tmp_path):
    state = State(Part("supervisor", os.getpid(), started_at(os.getpid())), redis_url="redis://:secret@127.0.0.1:1/0")
    state.parts.append(Part("web", 1234, "99", "restarting", 2))
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state
    assert (tmp_path / "run" / "state.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["state.json"]


def test_read_state__absent_half_written_or_of_another_version__is_none(tmp_path):
    assert read_state(tmp_path) is None
    file = tmp_path / "run" / "state.json"
    file.parent.mkdir()
    for text in ("", '{"supervisor": ', "[]", json.dumps({"supervisor": {}, "parts": [], "colour": "blue"})):
        file.write_text(text)
        assert read_state(tmp_path) is None


def test_part__pid_of_another_process__is_not_alive():
    me = Part("web", os.getpid(), started_at(os.getpid()))
    assert me.is_alive
    assert not Part("web", os.getpid(), "1").is_alive
    assert not Part("web").is_alive


def test_lock__held__refuses_a_second_until_let_go(tmp_path):
    first = lock(tmp_path)
    assert first is not None
    assert lock(tmp_path) is None
    first.close()
    again = lock(tmp_path)
    assert again is not None
    again.close()
