"""`./console test` runs every test once, those of the console on PostgreSQL again, and ends what it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import test as console_test
from tests.support.part_run import PartRun, run_beside
from tests.support.parts import AGAIN, ALL, ONCE, Part

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py"))
PLAIN = {
    **os.environ,
    "MAILCONSOLE_TESTS_COMPLETE": "0",
    "PYTHONPATH": str(ROOT),
    "PYTEST_ADDOPTS": "-q --import-mode=importlib -p no:django -p tests.support.needs"
    " -o asyncio_default_fixture_loop_scope=function",
}
WAITS = """
import time
def test_it():
    try:
        open({begin!r}, "w")
        time.sleep(60)
    finally:
        open({end!r}, "w")
"""
ONE_OF_THREE = (
    "import os, sys, time; os.mkdir(sys.argv[1]); time.sleep(1); print(len(os.listdir())); os.rmdir(sys.argv[1])"
)


def write(folder: Path, **files: str) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)


def test_parts__every_file__belongs_to_exactly_one():
    assert len(FILES) > 200
    owners = {file: [part.name for part in ONCE if part.holds(file)] for file in FILES}
    assert {file: names for file, names in owners.items() if len(names) != 1} == {}


def test_parts__on_postgresql__are_the_consoles_and_every_path_exists():
    assert all(file.startswith("tests/mailconsole/") for file in FILES if AGAIN.holds(file))
    assert sum(AGAIN.holds(file) for file in FILES) > 50
    named = {path for part in ALL for path in (*part.paths, *part.without)}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_part__what_it_holds__is_what_pytest_collects(tmp_path):
    for name in ("one", "two"):
        write(tmp_path / name, test_a="def test_it(): pass", test_ab="def test_it(): pass")
    part = Part("p", (f"{tmp_path}/one", f"{tmp_path}/two/test_ab.py"), without=(f"{tmp_path}/one/test_a.py",))
    command = [sys.executable, "-m", "pytest", "--collect-only", *part.arguments]
    said = subprocess.run(
        command, env=PLAIN, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    ).stdout
    assert [line for line in said.splitlines() if "::" in line] == [
        "one/test_ab.py::test_it",
        "two/test_ab.py::test_it",
    ]
    files = [str(path) for path in sorted(tmp_path.rglob("test_*.py")) if part.holds(str(path))]
    assert files == [f"{tmp_path}/one/test_ab.py", f"{tmp_path}/two/test_ab.py"]


def test_run__one_part_fails__both_outputs_are_whole_and_the_summary_says_which(tmp_path, capfd):
    write(tmp_path, test_good="def test_it(): pass", test_bad="def test_it(): assert 'white' == 'black'")
    parts = [Part("the good", (f"{tmp_path}/test_good.py",)), Part("the bad", (f"{tmp_path}/test_bad.py",))]
    assert console_test.run_parts(parts, PLAIN, tmp_path) == 1
    said = capfd.readouterr().out
    assert "assert 'white' == 'black'" in said
    good, bad = said.splitlines()[-2:]
    assert "s  the good: 1 passed in" in good
    assert "s  the bad: 1 failed in" in bad


def test_run__left_out_in_two_parts__is_said_once_for_all(tmp_path, capfd):
    needing = "import pytest, tests.support.needs as n\nn.is_met = lambda name: False\n"
    needing += "@pytest.mark.needs('swaks')\ndef test_it(): pass"
    write(tmp_path, test_one=needing, test_two=needing)
    parts = [Part(name, (f"{tmp_path}/test_{name}.py",)) for name in ("one", "two")]
    assert console_test.run_parts(parts, PLAIN, tmp_path) == 0
    said = [line for line in capfd.readouterr().out.splitlines() if "left out" in line]
    assert said == ["left out 2 tests that need swaks. To have it: apt-get install swaks"]


def test_run__postgresql_missing__its_part_is_left_out_and_said(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("tests.support.postgres.is_installed", lambda: False)
    part = Part("the console on PostgreSQL", (str(tmp_path),), is_on_postgresql=True)
    assert console_test.run_parts([part], PLAIN, tmp_path) == 0
    said = "left out the console on PostgreSQL. To have it: apt-get install postgresql"
    assert said in capfd.readouterr().out


def test_progress__by_the_marks_of_pytest__counts_what_is_done_and_what_failed(tmp_path):
    output = tmp_path / "output"
    output.write_text(f"{'.' * 70}Fs [  1%]\n\x1b[32m.\x1b[0m\x1b[31mF\x1b[0mE")
    run = PartRun("it", [], {}, output)
    assert run.progress == "it: 75 done, 3 failed"


def test_run_beside__three__never_more_than_two_at_once(tmp_path):
    (tmp_path / "at").mkdir()
    runs = [
        PartRun(
            name,
            ["env", "-C", str(tmp_path / "at"), sys.executable, "-c", ONE_OF_THREE, name],
            os.environ,
            tmp_path / name,
        )
        for name in ("a", "b", "c")
    ]
    run_beside(runs, at_once=2)
    assert max(int((tmp_path / name).read_text()) for name in ("a", "b", "c")) == 2
    assert [run.status for run in runs] == [0, 0, 0]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])
def test_run__interrupted__pytest_tidies_up_and_nothing_is_left(tmp_path, how):
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    write(tmp_path, test_it=WAITS.format(begin=str(begun), end=str(ended)))
    script = "import os, pathlib, sys; from tests.support import test; from tests.support.parts import Part\n"
    script += "test.ALL = [Part('it', (sys.argv[1],))]\nsys.exit(test.main([]))"
    command = [sys.executable, "-c", script, str(tmp_path / "test_it.py")]
    process = subprocess.Popen(command, env=PLAIN, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    until = time.monotonic() + 30
    while not begun.exists():
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.05)
    process.send_signal(how)
    said = process.communicate(timeout=30)[0]
    assert process.returncode == 130
    assert ended.exists()
    assert "KeyboardInterrupt" in said and "it: " in said.splitlines()[-1]
