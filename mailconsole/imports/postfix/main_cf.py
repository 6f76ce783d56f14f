"""main.cf, or what `postconf -n` prints: parameters with their continuation lines, $variables expanded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mailconsole.imports.postfix.words import BadValue, Expander, items_of

_NAME = re.compile(r"\s*([A-Za-z_][\w-]*)\s*=\s*(.*)", re.DOTALL)
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
    "virtual_alias_domains": "$virtual_alias_maps",
    "virtual_alias_maps": "$virtual_maps",
    "config_directory": "/etc/postfix",
    "data_directory": "/var/lib/postfix",
    "mail_name": "Postfix",
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
        try:
            return " ".join(Expander(self._raw, MAX_LENGTH).expanded(self._raw(name)).split())
        except BadValue as error:
            raise BadMainCf(str(error)) from None

    def items(self, name: str) -> list[str]:
        """A list. Raises BadMainCf."""
        return items_of(self.get(name))

    def _raw(self, name: str) -> str:
        if name == "mydomain" and name not in self.given and "." in self.given.get("myhostname", ""):
            return self.given["myhostname"].partition(".")[2]
        return self.given.get(name, DEFAULTS.get(name, ""))


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
