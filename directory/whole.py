"""A reading of everything, page by page into the staging; one that broke off is completed instead."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from directory.connection import Connection
from directory.model import Position
from directory.settings import SourceSettings
from directory.staging import Staging
from directory.taking import Taking, listed_guids


@dataclass(frozen=True, slots=True)
class WholeReading:
    entries_read: int
    position: Position | None
    is_completed: bool = False


def scope_of(settings: SourceSettings) -> str:
    """What is read, whoever is asked: a reading of something else can't be completed."""
    said = repr((settings.base_dn, settings.search_filter, settings.attribute_names))
    return hashlib.sha256(said.encode()).hexdigest()


def read_whole(
    connection: Connection,
    settings: SourceSettings,
    staging: Staging,
    position: Position | None,
    count: Callable[[int], None],
) -> WholeReading:
    """`position` is where the controller is now: what changes from now on is read again next time."""
    taking, scope = Taking(connection, settings, staging, count), scope_of(settings)
    begun = staging.broken_off_at(scope=scope, position=position) if position is not None else None
    if begun is not None:
        _complete(taking, begun)
        return WholeReading(taking.entries_read, begun, is_completed=True)
    staging.begin(scope=scope, position=position)
    taking.search(settings.search_filter)
    taking.finish()
    return WholeReading(taking.entries_read, position)


def _complete(taking: Taking, begun: Position) -> None:
    """What changed since, what is gone, and what was not read yet; the same as from the beginning, sooner."""
    settings = taking.settings
    taking.search(f"(&(uSNChanged>={begun.usn + 1}){settings.search_filter})")
    there = listed_guids(taking.connection, settings, settings.search_filter)
    taking.staging.keep_only(there)
    missing = sorted(there - taking.staging.guids() - taking.taken)
    taking.objects(missing)
    taking.finish()
