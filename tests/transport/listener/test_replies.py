"""RFC 2034: every reply after EHLO carries an enhanced status code of its own class; and none can break the line."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import transport.listener
import transport.rules
from transport.model.reply import Reply

BARE = {354}  # RFC 2034 4: none in the greeting, in what HELO and EHLO answer, nor where data is to follow
PACKAGES = (transport.listener, transport.rules)


def modules():
    for package in PACKAGES:
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


CONSTANTS = {
    f"{module.__name__}.{name}": value
    for module in modules()
    for name, value in vars(module).items()
    if isinstance(value, Reply)
} | {
    f"{module.__name__}.{name}.{key}": reply
    for module in modules()
    for name, value in vars(module).items()
    if isinstance(value, dict)
    for key, reply in value.items()
    if isinstance(reply, Reply)
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_constant__has_its_enhanced_code(name):
    check(CONSTANTS[name].code, CONSTANTS[name].enhanced)
    assert CONSTANTS[name].to_bytes().count(b"\r\n") == 1


def check(code: int, enhanced: str) -> None:
    assert 200 <= code < 600
    if code in BARE:
        assert enhanced == ""
    else:
        assert re.fullmatch(rf"{code // 100}\.\d\.\d{{1,3}}", enhanced), (code, enhanced)  # RFC 3463 2


def written():
    """Every ``Reply(...)`` in the source with a constant code, by place; the greeting's are left out."""
    for package in PACKAGES:
        for path in sorted(Path(package.__path__[0]).rglob("*.py")):
            if path.name == "greeting.py":
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reply" and len(node.args) > 1:
                    code, enhanced = node.args[0], node.args[1]
                    if isinstance(code, ast.Constant) and isinstance(enhanced, ast.Constant):
                        yield f"{path.name}:{node.lineno}", code.value, enhanced.value


@pytest.mark.parametrize(("place", "code", "enhanced"), list(written()))
def test_reply_made_on_the_way__has_its_enhanced_code(place, code, enhanced):
    check(code, enhanced)


def test_walk__finds_them():
    assert len(CONSTANTS) > 60 and len(list(written())) > 60
    assert {"transport.listener.replies.OK", "transport.rules.admission.UNABLE_TO_RELAY"} <= set(CONSTANTS)


@pytest.mark.parametrize("text", ["a\r\nb", "a\nb", "\x00\x7f\u2028ä"])
def test_reply__hostile_text__stays_within_its_lines(text):
    lines = Reply(250, "2.0.0", text).to_bytes().split(b"\r\n")
    assert lines[-1] == b"" and all(re.fullmatch(rb"250[- ]2\.0\.0 [\x20-\x7e]*", line) for line in lines[:-1])
