"""What is left out is said, and fails the run where everything must be there."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.needs import NEEDS

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
import pytest

@pytest.mark.needs({names})
def test_one():
    pass

def test_two():
    pass
"""


def run(folder: Path, *names: str, is_complete: bool = False) -> subprocess.CompletedProcess[str]:
    """Run two tests, the first needing `names`, on a machine where no program is to be found."""
    (folder / "test_it.py").write_text(TESTS.format(names=", ".join(map(repr, names))))
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    patch = "import shutil; shutil.which = lambda *_, **__: None\nfrom tests.support import needs"
    (folder / "bare_machine.py").write_text(patch)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "bare_machine",
            "-p",
            "tests.support.needs",
            "-p",
            "no:django",
            str(folder),
        ],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT}:{folder}", "MAILCONSOLE_TESTS_COMPLETE": "1" if is_complete else "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_needs__missing__test_is_left_out_with_a_line_that_says_how_to_have_it(tmp_path):
    done = run(tmp_path, "swaks")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "left out 1 test that needs swaks. To have it: apt-get install swaks" in done.stdout
    assert "1 passed, 1 skipped" in done.stdout


def test_needs__missing_where_the_run_must_be_complete__fails(tmp_path):
    done = run(tmp_path, "swaks", is_complete=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "test_it.py::test_one: Skipped: needs swaks" in done.stdout


def test_needs__nothing_missing_where_the_run_must_be_complete__passes(tmp_path):
    done = run(tmp_path, is_complete=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_needs__unknown_name__is_an_error_that_names_the_known(tmp_path):
    done = run(tmp_path, "swakz")
    assert done.returncode != 0
    assert "unknown need swakz; known: root" in done.stdout + done.stderr


@pytest.mark.parametrize("need", NEEDS.values(), ids=lambda need: need.name)
def test_need__every__answers_without_error_and_says_how(need):
    assert need.is_met() in (True, False)
    assert need.how
