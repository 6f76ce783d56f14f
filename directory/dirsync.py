"""What changed as the controller itself tells it: DirSync (MS-ADTS 3.1.1.3.4.1.3), from one cookie to the next.

Only what became of which object is taken from it: the answers hold changed attributes alone, so whoever changed is read
again whole. It covers a whole domain, whatever part of that is read.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ldap3.protocol.controls import build_control
from ldap3.protocol.microsoft import DirSyncControlRequestValue

from directory import errors
from directory.connection import DIRSYNC, Connection, DirSyncPage
from directory.mapping import ATTRIBUTES
from directory.settings import SourceSettings

_OBJECT_SECURITY = 0x1  # what the account may read, without the right to replicate
_INCREMENTAL_VALUES = -0x8000_0000  # of a large group's members only those that changed; the top bit is ASN.1's sign
_GLOBAL_CATALOG_PORTS = {3268, 3269}
_MOST_OCTETS = 1 << 20
_INSUFFICIENT_ACCESS_RIGHTS, _OTHER = 50, 80
_NOTHING = "(cn=no object has this name \\00)"
_NAMED_IN_FILTER = re.compile(r"\(\s*([A-Za-z0-9][A-Za-z0-9.-]*)")


@dataclass(frozen=True, slots=True)
class Told:
    """Object GUIDs since a cookie. `moved` are those new, renamed or moved; `tells_deleted` says whether the account
    learns of every deletion."""

    changed: frozenset[str]
    moved: frozenset[str]
    deleted: frozenset[str]
    tells_deleted: bool
    cookie: bytes


def ask_apart(settings: SourceSettings, connection: Connection, ask: Callable[[Connection], Told]) -> Told:
    """By a connection of its own to the same controller: one that breaks off takes nothing else with it.

    Raises DirSyncRefused also where no answer came, CookieRefused, BindRefused.
    """
    _refuse_elsewhere(settings, connection)
    try:
        with Connection.of_reader(settings, connection.server) as own:
            _refuse_another(connection, own)
            told = ask(own)
            connection.count_in(own)
            return told
    except errors.DirectoryUnavailable as failure:
        raise errors.DirSyncRefused(f"DirSync failed: {failure}") from failure


def _refuse_another(connection: Connection, own: Connection) -> None:
    """One name may lead to several controllers, and another one's cookie is ahead of what this one can be asked for."""
    here, there = connection.position(), own.position()
    if here is None or there is None or here.invocation_id != there.invocation_id:
        raise errors.DirSyncRefused(f"Several controllers answer as {connection.server}: DirSync might ask another.")


def _refuse_elsewhere(settings: SourceSettings, connection: Connection) -> None:
    """A global catalog holds other domains too, and DirSync would be silent about those."""
    root, base = connection.root_dse(), f",{settings.base_dn}".lower()
    contexts = [one.lower() for one in root.texts("namingContexts") if base.endswith(f",{one}".lower())]
    is_of_the_domain = max(contexts, key=len, default="") == root.text("defaultNamingContext").lower()
    if connection.server.port in _GLOBAL_CATALOG_PORTS or not is_of_the_domain:
        raise errors.DirSyncRefused("DirSync tells of the controller's own domain alone, and more or another is read.")


def begin(connection: Connection) -> Told:
    """Nothing, and the cookie of now: what changes from here on is told later. Raises DirSyncRefused."""
    if DIRSYNC not in connection.root_dse().texts("supportedControl"):
        raise errors.DirSyncRefused(f"{connection.server} offers no DirSync.")
    try:
        return _by_rights(connection, b"", ("objectGUID",), _NOTHING)
    except errors.SearchFailed as refusal:
        raise errors.DirSyncRefused(f"DirSync is refused: {refusal}") from refusal


def told_since(connection: Connection, cookie: bytes, *filters: str) -> Told:
    """Which objects changed in anything that is read, or by which these filters choose.

    Raises CookieRefused where the controller permits DirSync but no longer from this cookie, and DirSyncRefused.
    """
    attributes = {name.lower(): name for name in (*ATTRIBUTES, "isDeleted", *_named_in(filters))}
    try:
        return _by_rights(connection, cookie, tuple(attributes.values()), "(objectClass=*)")
    except errors.SearchFailed as refusal:
        if refusal.code is None:  # it broke off
            raise errors.DirSyncRefused(f"DirSync failed: {refusal}") from refusal
        begin(connection)
        raise errors.CookieRefused(
            f"The controller does not go on by DirSync from where it was: {refusal}"
        ) from refusal


def _named_in(filters: tuple[str, ...]) -> list[str]:
    return [name for one in filters for name in _NAMED_IN_FILTER.findall(one)]


def _by_rights(connection: Connection, cookie: bytes, attributes: tuple[str, ...], search_filter: str) -> Told:
    """With the right to replicate, else as one who may read."""
    try:
        return _told(connection, cookie, attributes, search_filter, flags=0)
    except errors.SearchFailed as refusal:
        if refusal.code != _INSUFFICIENT_ACCESS_RIGHTS:
            raise
        return _told(connection, cookie, attributes, search_filter, flags=_OBJECT_SECURITY)


def _told(
    connection: Connection, cookie: bytes, attributes: tuple[str, ...], search_filter: str, *, flags: int
) -> Told:
    changed, moved, deleted = set[str](), set[str](), set[str]()
    for page in _pages(connection, cookie, attributes, search_filter, flags | _INCREMENTAL_VALUES):
        cookie = page.cookie
        for entry in page.entries:
            guid = entry.guid("objectGUID") or ""
            (deleted if entry.flag("isDeleted") else changed).add(guid)
            if entry.has("name"):
                moved.add(guid)
    tells_deleted = not flags & _OBJECT_SECURITY or connection.sees_deleted()
    changed -= {*deleted, ""}
    return Told(frozenset(changed), frozenset(moved & changed), frozenset(deleted - {""}), tells_deleted, cookie)


def _pages(
    connection: Connection, cookie: bytes, attributes: tuple[str, ...], search_filter: str, flags: int
) -> Iterator[DirSyncPage]:
    while True:
        page = connection.dirsync_page(attributes, search_filter, _request(flags, cookie))
        yield page
        if not page.is_more:
            return
        if page.cookie == cookie:
            raise errors.SearchFailed(f"{connection.server} goes round in a circle by DirSync.", code=_OTHER)
        cookie = page.cookie


def _request(flags: int, cookie: bytes) -> Any:
    """ldap3's own leaves the sign out where a long has 64 bits."""
    value = DirSyncControlRequestValue()
    for name, part in (("Flags", flags), ("MaxBytes", _MOST_OCTETS), ("Cookie", cookie)):
        value.setComponentByName(name, part)
    return build_control(DIRSYNC, True, value)
