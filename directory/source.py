"""One directory as a source of recipients: what it holds, whole or since last time.

A reading is complete or it raises; a controller that breaks off is followed by the next one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from directory import dirsync, errors
from directory.changed import read_changed
from directory.connection import Connection
from directory.discovery import controllers
from directory.model import ChangesBy, Position, Recipient
from directory.settings import SourceSettings
from directory.staging import Staging
from directory.whole import read_whole

Answer = TypeVar("Answer")
Progress = Callable[[int], None]  # called with the number of entries read so far; what it raises ends the reading


class Known(Protocol):
    """What is known of the source already; asked only where a reading of changes needs it."""

    def guids(self) -> set[str]: ...

    def dynamic_groups(self) -> list[Recipient]: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of it. Whole: `recipients` is all there is. Else: those that changed, and the GUIDs that are `gone`.

    `position` is where the next reading of changes from this controller goes on; None where it can't.
    """

    server: str
    recipients: Staging
    entries_read: int
    position: Position | None = None
    is_whole: bool = True
    is_completed: bool = False
    """It went on with a reading that had broken off."""
    why_whole: str = ""
    told_by: ChangesBy = ChangesBy.NOTHING
    """How the changes were told; of a whole reading, nothing."""
    next_by: ChangesBy = ChangesBy.NOTHING
    """How the next changes will be told."""
    why_not_dirsync: str = ""
    gone: tuple[str, ...] = field(default=(), repr=False)
    waited_s: float = 0.0
    """The controller's own share of the time, with the network's."""


def read(
    settings: SourceSettings,
    staging: Staging,
    *,
    since: Mapping[str, int] | None = None,
    cookies: Mapping[str, bytes] | None = None,
    known: Known | None = None,
    progress: Progress | None = None,
) -> Reading:
    """What changed since the position of the controller that answers; everything where there is none.

    `since` holds the positions of all controllers that were ever read, by invocation id, and `cookies` DirSync's of
    those that permit it: after a failover the other one tells what it has seen since its own. Raises
    DirectoryUnavailable or BindRefused; half an answer is none.
    """
    count = progress or (lambda entries_read: None)

    def action(connection: Connection) -> Reading:
        position = connection.position()
        why = _why_whole(since, position)
        if since and known is not None and position is not None:
            usn = since.get(position.invocation_id)
            if usn is not None and usn <= position.usn:
                cookie = (cookies or {}).get(position.invocation_id, b"")
                try:
                    return _changes(connection, settings, staging, position, usn, cookie, known, count)
                except errors.CookieRefused as refusal:
                    why = str(refusal)
        return _everything(connection, settings, staging, position, why, count)

    return with_first_that_works(settings, action)


def _everything(
    connection: Connection,
    settings: SourceSettings,
    staging: Staging,
    position: Position | None,
    why: str,
    count: Progress,
) -> Reading:
    asked = _ask_dirsync(connection, settings, dirsync.begin) if position is not None else _Asked()
    done = read_whole(connection, settings, staging, position, count)
    return Reading(
        server=str(connection.server),
        recipients=staging,
        entries_read=done.entries_read,
        position=asked.goes_on(done.position),
        is_completed=done.is_completed,
        why_whole=why,
        next_by=asked.next_by(done.position),
        why_not_dirsync=asked.why_not,
        waited_s=connection.waited_s,
    )


def _changes(
    connection: Connection,
    settings: SourceSettings,
    staging: Staging,
    position: Position,
    usn: int,
    cookie: bytes,
    known: Known,
    count: Progress,
) -> Reading:
    def ask(own: Connection) -> dirsync.Told:
        filters = [one.dynamic_filter or "" for one in known.dynamic_groups()]
        return dirsync.told_since(own, cookie, settings.search_filter, *filters)

    asked = _ask_dirsync(connection, settings, ask if cookie else dirsync.begin)
    told = asked.told if cookie else None
    done = read_changed(connection, settings, staging, usn if told is None else told, known, count)
    return Reading(
        server=str(connection.server),
        recipients=staging,
        entries_read=done.entries_read,
        position=asked.goes_on(position),
        is_whole=False,
        told_by=ChangesBy.COUNT if told is None else ChangesBy.DIRSYNC,
        next_by=asked.next_by(position),
        why_not_dirsync=asked.why_not,
        gone=tuple(sorted(done.gone)),
        waited_s=connection.waited_s,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What DirSync said, or why it did not."""

    told: dirsync.Told | None = None
    why_not: str = ""

    def goes_on(self, position: Position | None) -> Position | None:
        return replace(position, cookie=self.told.cookie) if position and self.told else position

    def next_by(self, position: Position | None) -> ChangesBy:
        if position is None:
            return ChangesBy.NOTHING
        return ChangesBy.DIRSYNC if self.told else ChangesBy.COUNT


def _ask_dirsync(connection: Connection, settings: SourceSettings, ask: Callable[[Connection], dirsync.Told]) -> _Asked:
    """Raises CookieRefused, BindRefused."""
    try:
        return _Asked(dirsync.ask_apart(settings, connection, ask))
    except errors.DirSyncRefused as refusal:
        return _Asked(why_not=str(refusal))


def _why_whole(since: Mapping[str, int] | None, position: Position | None) -> str:
    if since is None:
        return "It was asked for."
    if position is None:
        return "This directory does not count its changes."
    if position.invocation_id in since:
        return "The controller's count of changes went back: it was restored from an older copy."
    return "This controller's changes were never read before." if since else "It is the first reading."


def with_first_that_works(settings: SourceSettings, action: Callable[[Connection], Answer]) -> Answer:
    """The answer of the first controller that gives a whole one.

    A refused password is not tried on the next controller: each try counts towards the account's lockout.
    """
    failures: list[errors.DirectoryUnavailable] = []
    for server in controllers.of(settings):
        try:
            with Connection.of_reader(settings, server) as connection:
                return action(connection)
        except errors.DirectoryUnavailable as error:
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    raise errors.ServerUnreachable(" ".join(["No controller can be used.", *map(str, failures)]))


def read_all(settings: SourceSettings, *, progress: Progress | None = None) -> Reading:
    """Every recipient below the base DN, held in memory."""
    return read(settings, Staging.in_memory(), progress=progress)


__all__ = ["Known", "Reading", "read", "read_all", "with_first_that_works"]
