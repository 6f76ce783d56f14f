"""main.cf, or what `postconf -n` prints: parameters with their continuation lines, $variables expanded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = re.compile(r"\s*([A-Za-z_][\w-]*)\s*=\s*(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\$|\{([A-Za-z_]\w*)(?:[?:][^{}]*)?\}|\(([A-Za-z_]\w*)\)|([A-Za-z_]\w*))")
MAX_DEPTH = 20
MAX_LENGTH = 1_000_000
DEFAULTS = {
    "mydestination": "$myhostname, localhost.$mydomain, localhost",
    "mynetworks": "127.0.0.0/8 [::1]/128",
    "relay_domains": "",
    "relayhost": "",
    "message_size_limit": "10240000",
    "mydomain": "localdomain",
    "myhostname": "localhost",
    "myorigin": "$myhostname",
    "smtpd_recipient_limit": "1000",
}
"""What Postfix assumes where main.cf says nothing (postconf(5)); those that are read here."""


class BadMainCf(ValueError):
    """The sentence says what is wrong."""


@dataclass(frozen=True, slots=True)
class MainCf:
    """The parameters as they were written."""

    given: Mapping[str, str]

    def get(self, name: str) -> str:
        """The value with its variables expanded. Raises BadMainCf."""
        said = self.given.get(name, DEFAULTS.get(name, ""))
        return " ".join(self._expanded(said, 0, [MAX_LENGTH]).split())

    def items(self, name: str) -> list[str]:
        """A list: commas and white space part its items. Raises BadMainCf."""
        return [one for one in re.split(r"[,\s]+", self.get(name)) if one]

    def _expanded(self, value: str, depth: int, left: list[int]) -> str:
        """``left``: the characters that all values together may still have."""
        if depth > MAX_DEPTH:
            raise BadMainCf("its variables name each other in a circle")
        left[0] -= len(value) + 1
        if left[0] < 0:
            raise BadMainCf("its variables expand to too much")

        def name(match: re.Match[str]) -> str:
            wanted = match[1] or match[2] or match[3]
            if wanted is None:
                return "$"  # $$
            if wanted == "mydomain" and "mydomain" not in self.given and "." in self.given.get("myhostname", ""):
                return self.given["myhostname"].partition(".")[2]
            return self._expanded(self.given.get(wanted, DEFAULTS.get(wanted, "")), depth + 1, left)

        return _VARIABLE.sub(name, value)


def logical_lines(text: str) -> list[str]:
    """Lines that begin with white space go on with the one before; comments and empty lines between do not end it."""
    lines: list[list[str]] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0] in " \t" and lines:
            lines[-1].append(line.strip())
        else:
            lines.append([line.strip()])
    return [" ".join(parts) for parts in lines]


def read_main_cf(text: str) -> MainCf:
    """Raises BadMainCf."""
    found: dict[str, str] = {}
    for line in logical_lines(text):
        match = _NAME.fullmatch(line)
        if match is None:
            raise BadMainCf(f"'{line[:60]}' is no parameter")
        found[match[1]] = match[2].strip()
    if not found:
        raise BadMainCf("it has no parameters")
    return MainCf(found)
