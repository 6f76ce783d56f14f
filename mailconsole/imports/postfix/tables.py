"""Postfix's look-up tables as text: hash, cidr and texthash sources, found by the name that main.cf gives them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mailconsole.imports.postfix.main_cf import logical_lines
from mailconsole.imports.postfix.words import items_of, unbraced
from mailconsole.imports.reading.files import Source
from mailconsole.imports.report import Subject

READ = ("hash", "lmdb", "btree", "cdb", "dbm", "texthash", "cidr")
INLINE = "inline"
PATTERNS = ("regexp", "pcre")
_OTHERS = (INLINE, *PATTERNS, "static", "ldap", "mysql", "pgsql", "unix", "tcp", "socketmap", "memcache",
           "sqlite", "unionmap", "pipemap", "randmap")  # fmt: skip
_TYPED = re.compile(rf"(?:proxy:)?({'|'.join((*READ, *_OTHERS))}):(.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TableName:
    """A reference to a table: its type, empty for a plain file, and the file's name without its folder."""

    type: str
    file: str

    @property
    def is_readable(self) -> bool:
        return self.type in (*READ, INLINE) or not self.type


def table_name(item: str) -> TableName | None:
    """None where the item is no reference to a table or file."""
    match = _TYPED.fullmatch(item)
    if match is not None:
        kind = match[1].lower()
        return TableName(kind, match[2] if kind == INLINE else match[2].rpartition("/")[2])
    return TableName("", item.rpartition("/")[2]) if item.startswith("/") else None


class Tables:
    """The files that came with main.cf; a table is asked for by the name of its file."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources: Mapping[str, Source] = {source.name.lower(): source for source in sources}
        self.used: dict[str, str] = {}

    def rows(self, name: TableName, what: str) -> list[tuple[str, str]] | None:
        """Key and value of each row; None where the file was not given or is of a type that is no text."""
        if name.type == INLINE:
            return _inline(name.file)
        source = self._sources.get(name.file.lower())
        if source is None or not name.is_readable:
            return None
        self.used[source.name] = what
        return [_row(line) for line in logical_lines(source.text)]

    def read(self, item: str, parameter: str, about: Subject) -> list[tuple[str, str]]:
        """The rows of the table that an item of a list names; what can't be read is told."""
        named = table_name(item)
        rows = self.rows(named, parameter) if named is not None else None
        if rows is None:
            about.left_out(parameter, item, self._why_not(named))
        return rows or []

    def use(self, item: str, what: str) -> None:
        """Name what a table is for that is not read."""
        named = table_name(item)
        if named is not None and (source := self._sources.get(named.file.lower())) is not None:
            self.used[source.name] = what

    def text_of(self, path: str) -> str:
        """A file that is no table, empty where it was not given."""
        source = self._sources.get(path.rpartition("/")[2].lower())
        if source is None:
            return ""
        self.used[source.name] = path
        return source.text.strip()

    def _why_not(self, named: TableName | None) -> str:
        if named is not None and named.type in PATTERNS:
            if (source := self._sources.get(named.file.lower())) is not None:
                self.used[source.name] = f"{named.type} table"
            return "Patterns have no counterpart: enter the domains, addresses or networks that they stand for."
        if named is not None and not named.is_readable:
            return f"A table of the type {named.type} is no text: enter what it answers, or give it as a text table."
        return f"The file {named.file if named else ''} was not given: add its source.".replace("  ", " ")

    def unused(self) -> list[str]:
        return [source.name for source in self._sources.values() if source.name not in self.used]


def _row(line: str) -> tuple[str, str]:
    key, _, value = line.replace("\t", " ").partition(" ")
    return key.strip('"'), value.strip()


def _inline(text: str) -> list[tuple[str, str]]:
    """``{key=value, {key = value with spaces}}``"""
    pairs = [unbraced(one).partition("=") for one in items_of(unbraced(text))]
    return [(key.strip(), value.strip()) for key, equals, value in pairs if equals]


def network(item: str) -> str:
    """``[2001:db8::]/32``, ``10.1.2.0/24`` or the old ``10.1`` and ``10.1.``; ``::ffff:10.1.2.3`` is IPv4's.

    Raises ValueError.
    """
    said = item.replace("[", "").replace("]", "")
    if re.fullmatch(r"\d{1,3}(\.\d{1,3}){0,2}\.?", said):
        parts = said.strip(".").split(".")
        said = ".".join(parts + ["0"] * (4 - len(parts))) + f"/{8 * len(parts)}"
    found = ipaddress.ip_network(said, strict=False)
    if isinstance(found, ipaddress.IPv6Network) and found.network_address.ipv4_mapped and found.prefixlen >= 96:
        found = ipaddress.ip_network((found.network_address.ipv4_mapped, found.prefixlen - 96), strict=False)
    return str(found.network_address) if found.num_addresses == 1 else str(found)
