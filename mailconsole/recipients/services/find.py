"""The wizard's question: which controllers has this domain, and what is its base DN?"""

from __future__ import annotations

from dataclasses import dataclass

from directory.discovery import FoundController, find_controllers
from directory.errors import DirectoryError
from directory.settings import SourceSettings
from mailconsole.recipients.refusals import SourceRefused


@dataclass(frozen=True, slots=True)
class FoundDirectory:
    """What a form of a source can be filled with."""

    domain: str
    site: str
    base_dn: str
    controllers: tuple[FoundController, ...]


def find_directory(*, domain: str, site: str = "") -> FoundDirectory:
    """Raises SourceRefused, which says what DNS lacks."""
    try:
        SourceSettings((), base_dn_of(domain), "x", "x", domain=domain, site=site)
        found = find_controllers(domain, site)
    except DirectoryError as error:
        raise SourceRefused(str(error)) from error
    return FoundDirectory(domain, site, base_dn_of(domain), found)


def base_dn_of(domain: str) -> str:
    """A domain's default naming context is its name in DNS (MS-ADTS 3.1.1.1.5)."""
    return ",".join(f"DC={label}" for label in domain.split("."))
