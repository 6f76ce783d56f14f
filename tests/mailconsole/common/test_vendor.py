import hashlib
import re
from pathlib import Path

import pytest

from mailconsole.common.navigation import _items
from mailconsole.common.templatetags.kit import SPRITE

ROOT = Path(__file__).resolve().parents[3]
VENDOR = ROOT / "static" / "vendor"
SYMBOLS = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static" / SPRITE).read_text()))


def listed() -> dict[str, str]:
    lines = (VENDOR / "VERSIONS").read_text().splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    return {row[4]: row[3] for row in rows}


def test_versions__every_vendored_file__has_its_digest():
    found = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "VERSIONS"
    }
    assert found == listed()


def test_vendor__no_source_map__is_asked_for():
    assert [name for name in listed() if b"sourceMappingURL" in (VENDOR / name).read_bytes()] == []


@pytest.mark.parametrize("template", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_templates__icons__are_in_the_sprite(template):
    named = re.findall(r'{% icon "([^"]+)"', template.read_text())
    named += re.findall(r'icon_name="([^"]+)"', template.read_text())
    assert set(named) <= SYMBOLS


def test_navigation__icons__are_in_the_sprite():
    assert {item.icon for item in _items.values()} <= SYMBOLS


@pytest.mark.parametrize("template", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_templates__nothing_inline__that_the_policy_blocks(template):
    text = template.read_text()
    assert not re.search(r'\sstyle="', text)
    assert not re.search(r"\son[a-z]+=|hx-on", text)
    assert all("nonce=" in tag or "application/json" in tag for tag in re.findall(r"<(?:script|style)[^>]*>", text))
