"""Searches over one connection: page by page, with every value, and each failure as one of directory.errors."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import ldap3
from ldap3.core import exceptions as ldap3_errors

from directory import errors
from directory.entry import Entry
from directory.failures import printable, search_failure
from directory.references import plain_dn
from directory.settings import Server

_PAGED_RESULTS = "1.2.840.113556.1.4.319"  # RFC 2696
_SUCCESS, _NO_SUCH_OBJECT, _INVALID_DN_SYNTAX = 0, 32, 34
_NO_SUCH_BASE = {_NO_SUCH_OBJECT, _INVALID_DN_SYNTAX}


class Searches:
    """``raw`` is ldap3's bound connection; ``names`` what the directory calls our attributes. ``waited_s`` was spent on
    the controller's answers."""

    def __init__(self, server: Server, raw: Any, names: Mapping[str, str]) -> None:
        self.waited_s = 0.0
        self._server = server
        self._raw = raw
        self._names = {ours.lower(): theirs for ours, theirs in names.items()}

    def search(
        self,
        base_dn: str,
        search_filter: str,
        attributes: tuple[str, ...],
        *,
        scope: str = ldap3.SUBTREE,
        page_size: int | None = None,
        cookie: bytes | None = None,
        controls: list[Any] | None = None,
    ) -> list[Entry]:
        """What matches, in one answer; nothing where the one entry asked for is not there. Raises SearchFailed,
        FilterRefused."""
        began = time.perf_counter()
        try:
            self._raw.search(
                base_dn,
                search_filter,
                scope,
                attributes=[self._names.get(name.lower(), name) for name in attributes],
                paged_size=page_size,
                paged_cookie=cookie,
                controls=controls or None,
            )
        except ldap3_errors.LDAPInvalidFilterError as error:
            raise errors.FilterRefused(f"The filter {search_filter[:200]!r} is malformed.") from error
        except (ldap3_errors.LDAPException, OSError) as error:
            raise errors.SearchFailed(f"Reading from {self._server} broke off: {printable(error)}.") from error
        finally:
            self.waited_s += time.perf_counter() - began
        self._check(base_dn, is_one=scope == ldap3.BASE)
        # A search from the root also returns referrals to other partitions; they are no entries.
        return [_entry(item, self._names) for item in self._raw.response or () if item["type"] == "searchResEntry"]

    def _check(self, base_dn: str, *, is_one: bool) -> None:
        result = self._raw.result
        if result["result"] == _SUCCESS or (result["result"] in _NO_SUCH_BASE and is_one):
            return
        if result["result"] in _NO_SUCH_BASE:
            raise errors.FilterRefused(
                f"{self._server} has no object {base_dn!r}, or the bind account may not see it: check the base DN."
            )
        raise errors.SearchFailed(search_failure(self._server, base_dn, result), code=int(result["result"]))

    def _next_cookie(self) -> bytes | None:
        control = self.answered(_PAGED_RESULTS)
        return control["cookie"] if control else None

    def answered(self, control: str) -> dict[str, Any] | None:
        """What the controller's last answer holds for this control."""
        answered = (self._raw.result.get("controls") or {}).get(control)
        return answered["value"] if answered else None

    def pages(
        self, base_dn: str, search_filter: str, attributes: tuple[str, ...], page_size: int, controls: list[Any]
    ) -> Iterator[list[Entry]]:
        """All that matches, page by page, each entry with all its values. Raises as ``search``."""
        cookie: bytes | None = None
        while True:
            page = self.search(
                base_dn, search_filter, attributes, page_size=page_size, cookie=cookie, controls=controls
            )
            cookie = self._next_cookie()
            yield [self._whole(entry, controls) for entry in page]
            if not cookie:
                return

    def _whole(self, entry: Entry, controls: list[Any]) -> Entry:
        """The entry with every value: a controller gives the first 1500 and says so in the attribute's name."""
        partial = [name for name in entry.attributes if ";range=" in name]
        if not partial:
            return entry
        values = {name: list(found) for name, found in entry.attributes.items() if ";range=" not in name}
        for name in partial:
            attribute, _, bounds = name.partition(";range=")
            found, end = list(entry.attributes[name]), bounds.rpartition("-")[2]
            while end != "*":
                more, end = self._range(entry, attribute, int(end) + 1, controls)
                found += more
            values[attribute] = found
        return Entry(entry.dn, values)

    def _range(self, entry: Entry, attribute: str, start: int, controls: list[Any]) -> tuple[list[bytes], str]:
        asked = (f"{attribute};range={start}-*",)
        entries = self.search(entry.dn, "(objectClass=*)", asked, scope=ldap3.BASE, controls=controls)
        for name, found in entries[0].attributes.items() if entries else ():
            if name.startswith(f"{attribute};range="):
                return list(found), name.rpartition("-")[2]
        raise errors.SearchFailed(f"{self._server} did not give all values of {attribute} of {entry.dn[:200]!r}.")


def _entry(item: dict[str, Any], names: Mapping[str, str]) -> Entry:
    raw = item["raw_attributes"]
    values = {name.lower(): found for name, found in raw.items() if found}
    for ours, theirs in names.items():
        found = values.get(theirs.lower())
        if found is None:
            values.pop(ours, None)
        else:
            values[ours] = [_typed(value) for value in found] if ours == "proxyaddresses" else found
    return Entry(plain_dn(item["dn"]), values)


def _typed(value: bytes) -> bytes:
    """Directories other than Active Directory hold bare addresses; every one is as good as the next."""
    return value if b":" in value else b"smtp:" + value
