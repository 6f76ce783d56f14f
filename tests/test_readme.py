"""The README is true where a machine can tell."""

import re
from pathlib import Path

from mailconsole.environment import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def test_settings_table__is_the_one_of_the_code():
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", README, re.MULTILINE)
    assert [(name, default.strip("`"), meaning) for name, default, meaning in rows] == [
        (setting.name, setting.default, setting.meaning) for setting in SETTINGS
    ]


def test_links__lead_to_files():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
