"""How a cmdlet's parameters become fields: a table for each kind of object. What stands in none is told as left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mailconsole.imports.exchange.values import Lost, items, plain, seconds, text
from mailconsole.imports.report import Subject
from transport.config.types import format_duration

Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Same:
    """A parameter that means the same here. ``write`` makes the document's text of the value."""

    field: str
    read: Read
    write: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class Other:
    """A parameter that nothing here stands for. At one of these values (lower case) it is not worth a word."""

    why: str
    at_rest: tuple[str, ...] = ("", "false", "none", "unlimited", "[]", "{}")


_ITS_OWN = (
    "PSComputerName RunspaceId PSShowComputerName Name Identity Guid Id ObjectCategory ObjectClass ObjectState IsValid "
    "OriginatingServer WhenChanged WhenChangedUTC WhenCreated WhenCreatedUTC OrganizationId AdminDisplayName "
    "ExchangeVersion DistinguishedName ExchangeObjectId OrganizationalUnitRoot IsReadOnly PropertyNames"
)
KNOWN_EVERYWHERE = frozenset(_ITS_OWN.split())
"""What Exchange keeps about the object itself."""


def is_its_own(name: str) -> bool:
    """What the object or its transport says of itself: nothing that an import could map (``@odata.type`` too)."""
    return not name or name in KNOWN_EVERYWHERE or "@" in name


def apply_table(
    table: Mapping[str, Same | Other], given: Mapping[str, Any], done: set[str], about: Subject
) -> dict[str, Any]:
    """The fields that the table finds; what is in neither table nor ``done`` is told."""
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if is_its_own(name) or name in done:
            continue
        rule = table.get(name)
        if isinstance(rule, Same):
            _same(rule, name, value, fields, about)
        elif rule is None:
            if not _is_at_rest(value, Other("").at_rest):
                about.left_out(name, said(value), "Not known to this import.")
        elif not _is_at_rest(value, rule.at_rest):
            about.left_out(name, said(value), rule.why)
    return fields


def _same(rule: Same, name: str, value: Any, fields: dict[str, Any], about: Subject) -> None:
    if value is None or value == "":
        return
    try:
        read = rule.read(value)
    except Lost:
        about.left_out(name, said(value), "This CSV holds only the type's name: export with Export-Clixml.")
        return
    except (ValueError, TypeError):
        about.left_out(name, said(value), "The value could not be read.")
        return
    fields[rule.field] = rule.write(read) if rule.write is not None and read is not None else read
    about.mapped(name, said(value))


def _is_at_rest(value: Any, at_rest: tuple[str, ...]) -> bool:
    if isinstance(value, list | tuple | dict) and not value:
        return True
    return said(value).lower() in ("", *at_rest)


def said(value: Any) -> str:
    """For the report: short, one line, and never a credential's inside."""
    if isinstance(value, list | tuple):
        try:
            return ", ".join(items(value))
        except Lost:
            return ""
    if isinstance(value, Mapping) and "Ticks" in value:
        return format_duration(seconds(value))
    if isinstance(value, Mapping):
        return "(an object)" if isinstance(plain(value), Mapping) else text(value)
    return text(value)
