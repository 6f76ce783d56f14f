"""What tests were left out for want of something, counted over the parts of a run, which tell each other by a file."""

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "MAILCONSOLE_TESTS_LEFT_OUT"
"""Names the file; where it is not set, a run of pytest is the whole run and says itself what it left out."""


def hand_on(left_out: Mapping[str, int]) -> bool:
    """Add to the file, and return whether there is one."""
    file = os.environ.get(VARIABLE)
    if file:
        with Path(file).open("a") as counted:
            counted.write(json.dumps(left_out) + "\n")
    return bool(file)


def read(file: Path) -> Counter[str]:
    """By the name of what is missing."""
    lines = file.read_text().splitlines() if file.exists() else []
    return sum((Counter(json.loads(line)) for line in lines), Counter[str]())


def sentence(name: str, count: int, how: str) -> str:
    tests = "test that needs" if count == 1 else "tests that need"
    return f"left out {count} {tests} {name}. To have it: {how}"
