"""Postfix's look-up tables as text: hash, cidr and texthash sources, found by the name that main.cf gives them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mailconsole.imports.postfix.main_cf import logical_lines
from mailconsole.imports.reading.files import Source

READ = ("hash", "lmdb", "btree", "cdb", "dbm", "texthash", "cidr")
_OTHERS = ("inline", "static", "regexp", "pcre", "ldap", "mysql", "pgsql", "unix", "tcp", "socketmap", "memcache",
           "sqlite", "unionmap", "pipemap", "randmap")  # fmt: skip
_TYPED = re.compile(rf"(?:proxy:)?({'|'.join((*READ, *_OTHERS))}):(.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TableName:
    """A reference to a table: its type, empty for a plain file, and the file's name without its folder."""

    type: str
    file: str

    @property
    def is_readable(self) -> bool:
        return self.type in READ or not self.type


def table_name(item: str) -> TableName | None:
    """None where the item is no reference to a table or file."""
    match = _TYPED.fullmatch(item)
    if match is not None:
        return TableName(match[1].lower(), match[2].rpartition("/")[2])
    return TableName("", item.rpartition("/")[2]) if item.startswith("/") else None


class Tables:
    """The files that came with main.cf; a table is asked for by the name of its file."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources: Mapping[str, Source] = {source.name.lower(): source for source in sources}
        self.used: dict[str, str] = {}

    def rows(self, name: TableName, what: str) -> list[tuple[str, str]] | None:
        """Key and value of each row; None where the file was not given or is of a type that is no text."""
        source = self._sources.get(name.file.lower())
        if source is None or not name.is_readable:
            return None
        self.used[source.name] = what
        return [_row(line) for line in logical_lines(source.text)]

    def unused(self) -> list[str]:
        return [source.name for source in self._sources.values() if source.name not in self.used]


def _row(line: str) -> tuple[str, str]:
    key, _, value = line.replace("\t", " ").partition(" ")
    return key.strip('"'), value.strip()


def network(item: str) -> str:
    """``[2001:db8::]/32``, ``10.1.2.0/24`` or the old ``10.1`` and ``10.1.``. Raises ValueError."""
    said = item.replace("[", "").replace("]", "")
    if re.fullmatch(r"\d{1,3}(\.\d{1,3}){0,2}\.?", said):
        parts = said.strip(".").split(".")
        said = ".".join(parts + ["0"] * (4 - len(parts))) + f"/{8 * len(parts)}"
    found = ipaddress.ip_network(said, strict=False)
    return str(found.network_address) if found.num_addresses == 1 else str(found)
