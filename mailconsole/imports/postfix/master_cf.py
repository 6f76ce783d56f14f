"""master.cf: which transports of its own send by SMTP, and what its SMTP services take otherwise than main.cf says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailconsole.imports.postfix.main_cf import logical_lines
from mailconsole.imports.postfix.words import items_of, unbraced

FILE = "master.cf"
_FIELDS = 8
_OVERRIDE = re.compile(r"([A-Za-z_]\w*)\s*=\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Service:
    """One line (master(5)): ``name`` is a transport's, or where it listens; ``overrides`` are its ``-o``."""

    name: str
    type: str
    program: str
    overrides: dict[str, str]

    @property
    def is_listening(self) -> bool:
        return self.type == "inet" and self.program == "smtpd"

    @property
    def is_sending(self) -> bool:
        return self.type != "inet" and self.program == "smtp"


def read_master_cf(text: str) -> list[Service]:
    """What is no service is passed over: a report tells services, not lines."""
    return [found for line in logical_lines(text) if (found := _service(line)) is not None]


def _service(line: str) -> Service | None:
    parts = line.split(None, _FIELDS - 1)
    if len(parts) < _FIELDS:
        return None
    program, _, arguments = parts[-1].partition(" ")
    return Service(parts[0], parts[1], program, dict(_overrides(items_of(arguments))))


def _overrides(words: list[str]) -> Iterable[tuple[str, str]]:
    for index, word in enumerate(words):
        said = words[index + 1] if word == "-o" and index + 1 < len(words) else word[2:] if word[:2] == "-o" else ""
        if match := _OVERRIDE.fullmatch(unbraced(said)):
            yield match[1], match[2].strip()
