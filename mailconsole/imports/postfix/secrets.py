"""What of main.cf no report may show: passwords, wherever they stand. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

HIDDEN = "(not shown)"
_SECRET = re.compile(r"passw|secret|credential|bind_pw|(?:^|_)pw(?:$|_)|(?:^|_)pass(?:$|_)", re.IGNORECASE)
_WITHIN = re.compile(r"\b(static|inline):.*", re.IGNORECASE | re.DOTALL)
_MENTIONED = re.compile(r"\$[{(]?([A-Za-z_]\w*)")


def without_secrets(maps: str) -> str:
    """A list of tables: those that hold their rows themselves are named by their type alone."""
    return _WITHIN.sub(rf"\1:{HIDDEN}", maps)


def secret_names(given: Mapping[str, str]) -> frozenset[str]:
    """Parameters whose values are passwords by their names, and those that they are put together of."""
    found: set[str] = set()
    waiting = [name for name in given if _SECRET.search(name)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [one for one in _MENTIONED.findall(given[name]) if one in given]
    return frozenset(found - {"myhostname", "mydomain", "myorigin", "config_directory"})
