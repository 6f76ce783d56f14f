"""Postfix's syntax within a value: lists whose items may be in braces, and variables (postconf(5)). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

MAX_DEPTH = 20
_PARTS = re.compile(r"[{}]|[,\s]+|[^{},\s]+")
_NAME = re.compile(r"[A-Za-z_]\w*")
_BRACED = re.compile(r"([A-Za-z_]\w*)(?:([?:])(.*))?", re.DOTALL)


class BadValue(ValueError):
    """The sentence says what is wrong."""


def items_of(value: str) -> list[str]:
    """Commas and white space part the items of a list, but not within braces."""
    found: list[str] = []
    parts: list[str] = []
    depth = 0
    for match in _PARTS.finditer(value):
        part = match[0]
        if not depth and (part[0] == "," or part.isspace()):
            found.append("".join(parts))
            parts = []
            continue
        depth = max(0, depth + (part == "{") - (part == "}"))
        parts.append(part)
    return [one for one in (*found, "".join(parts)) if one]


def unbraced(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if text.startswith("{") and text.endswith("}") else text


class Expander:
    """Puts the values of variables into a text; ``most`` bounds the characters that all of them together may have."""

    def __init__(self, raw: Callable[[str], str], most: int) -> None:
        self._raw, self._left = raw, most

    def expanded(self, text: str, depth: int = 0) -> str:
        """Raises BadValue."""
        if depth > MAX_DEPTH:
            raise BadValue("its variables name each other in a circle")
        self._left -= len(text) + 1
        if self._left < 0:
            raise BadValue("its variables expand to too much")
        made, at = [], 0
        while (dollar := text.find("$", at)) >= 0:
            made.append(text[at:dollar])
            put, at = self._one(text, dollar, depth)
            made.append(put)
        return "".join([*made, text[at:]])

    def _one(self, text: str, dollar: int, depth: int) -> tuple[str, int]:
        """What stands for the variable at the dollar sign, and where the text goes on."""
        after = text[dollar + 1 : dollar + 2]
        if after == "$":
            return "$", dollar + 2
        if after == "{":
            end = _closing(text, dollar + 1)
            if end < 0:
                return text[dollar:], len(text)
            return self._braced(text[dollar + 2 : end], depth), end + 1
        if after == "(" and (named := _NAME.match(text, dollar + 2)) and text[named.end() : named.end() + 1] == ")":
            return self._value(named[0], depth), named.end() + 1
        if named := _NAME.match(text, dollar + 1):
            return self._value(named[0], depth), named.end()
        return "$", dollar + 1

    def _value(self, name: str, depth: int) -> str:
        return self.expanded(self._raw(name), depth + 1)

    def _braced(self, said: str, depth: int) -> str:
        """``${name}``, ``${name?{if it is not empty}:{if it is}}``, ``${name:if it is empty}``; comparisons stay."""
        match = _BRACED.fullmatch(said)
        if match is None:
            return f"${{{said}}}"
        value = self._value(match[1], depth)
        if match[2] is None:
            return value
        filled, empty = _choices(match[3]) if match[2] == "?" else ("", unbraced(match[3]))
        return self.expanded(filled if value else empty, depth + 1)


def _choices(said: str) -> tuple[str, str]:
    said = said.strip()
    end = _closing(said, 0) if said.startswith("{") else -1
    rest = said[end + 1 :].strip() if end >= 0 else ""
    return (said[1:end].strip(), unbraced(rest[1:])) if rest.startswith(":") else (unbraced(said), "")


def _closing(text: str, at: int) -> int:
    """Where the brace at this place is closed; below 0 where it is not."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(text, at):
        depth += 1 if match[0] == "{" else -1
        if not depth:
            return match.start()
    return -1
