"""What a directory calls the attributes that are read, as people write it: proxyAddresses = mailLocalAddress."""

from __future__ import annotations

import re
from collections.abc import Iterable

from directory.mapping import ATTRIBUTES
from mailconsole.recipients.refusals import SourceRefused

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}")  # RFC 4512 2.5: nothing else may come near a filter
_KNOWN = {name.lower(): name for name in ATTRIBUTES}


def parse_attribute_names(lines: Iterable[str]) -> dict[str, str]:
    """By Exchange's name; one with nothing after its = is empty. Raises SourceRefused, which names the line's fault."""
    return dict(_named(line) for line in lines if line.strip())


def changed_names(names: dict[str, str], changes: dict[str, str]) -> dict[str, str]:
    """The names with these changes; an empty one goes back to Exchange's."""
    return {ours: theirs for ours, theirs in (names | changes).items() if theirs}


def _named(line: str) -> tuple[str, str]:
    ours, _, theirs = (part.strip() for part in line.partition("="))
    if ours.lower() not in _KNOWN:
        raise SourceRefused(f"{ours[:60]!r} is no attribute that is read.")
    if theirs and not _NAME.fullmatch(theirs):
        raise SourceRefused(f"{theirs[:60]!r} is no attribute name.")
    return _KNOWN[ours.lower()], theirs
