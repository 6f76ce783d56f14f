"""What may not be in a committed file: paths of one machine, hosts of package registries."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Home directories and work folders of people and build machines; a path below / that every Debian has is no secret.
MACHINE_PATH = re.compile(rb"(?<![\w.])/(?:work|home|Users|root)/[A-Za-z0-9._-]+|/tmp/team|/\.library/|\.pyenv/")
REGISTRY = re.compile(
    rb"(?:files\.pythonhosted|pypi(?:\.python)?|registry\.npmjs|registry\.yarnpkg|deb\.debian|proxy\.golang"
    rb"|repo1?\.maven|static\.crates)\.(?:org|com|io)"
    rb"|--(?:extra-)?index-url|//[\w.:-]+/simple/?\b|artifactory|devpi"
)
# Text that is not ours, and the file that must name what it forbids.
EXEMPT = ("static/vendor/", "tests/architecture/test_repository.py")


@cache
def committed_files() -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    names = [name for name in listed.decode().split("\0") if name and not name.startswith(EXEMPT)]
    return tuple(ROOT / name for name in names if (ROOT / name).is_file())


def findings(pattern: re.Pattern[bytes]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {found.group().decode(errors='replace')}"
        for path in committed_files()
        for number, line in enumerate(path.read_bytes().splitlines(), 1)
        if (found := pattern.search(line))
    ]


def test_committed_files__none__names_a_path_of_a_machine():
    assert not findings(MACHINE_PATH)


def test_committed_files__none__names_the_host_of_a_package_registry():
    assert not findings(REGISTRY)


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE_PATH, b"open('/home/anna/mail')"),
        (MACHINE_PATH, b"cd /%s/main" % b"work"),
        (REGISTRY, b"index = https://%s.org/simple" % b"pypi"),
        (REGISTRY, b"pip install --index-url http://10.0.0.1:3141/root"),
    ],
)
def test_patterns__what_they_forbid__is_found(pattern, line):
    assert pattern.search(line)


def test_lock_files__every_requirement__has_a_hash():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        blocks = re.split(r"\n(?=[a-zA-Z0-9])", text)
        unhashed = [block.splitlines()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block]
        assert not unhashed, f"{name}: {unhashed}"
