"""The wizard's question: which controllers has this domain, and what does the directory call its base?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from directory.discovery import FoundController, find_controllers
from directory.errors import DirectoryError, DirectoryUnavailable
from directory.naming import ask_naming_context
from directory.settings import Security, Server, SourceSettings, parse_servers
from mailconsole.recipients.refusals import SourceRefused
from mailconsole.recipients.services.asking import note_asking, note_found


@dataclass(frozen=True, slots=True)
class FoundDirectory:
    """What a form of a source can be filled with. `told_by` is the controller that named its base; where none did,
    `why_guessed` says so, and the base is that which a domain of this name has."""

    domain: str
    site: str
    servers: str
    base_dn: str
    controllers: tuple[FoundController, ...]
    told_by: str = ""
    why_guessed: str = ""


def find_directory(
    *, domain: str, site: str = "", server: str = "", actor: Any, now: datetime, request: HttpRequest | None = None
) -> FoundDirectory:
    """By a domain's DNS, or by one controller alone. Raises SourceRefused, which says what is lacking, TooManyTests."""
    asked = _named(server)
    what = f"Looked for the directory {domain or server}"
    note_asking(servers=asked, domain=domain, verb="find", what=what, actor=actor, now=now, request=request)
    found = _found(domain, site) if domain else ()
    asked += _at_both_ports(one.host for one in found)
    if domain:
        note_found(servers=asked, verb="find", what=what, actor=actor, now=now, request=request)
    told_by, why = "", ""
    try:
        context = ask_naming_context(asked)
        base_dn, told_by = context.base_dn, context.server.host
    except DirectoryUnavailable as error:
        if not domain:
            raise SourceRefused(str(error), field="server") from error
        base_dn, why = base_dn_of(domain), str(error)
    return FoundDirectory(domain, site, server, base_dn, found, told_by, why)


def base_dn_of(domain: str) -> str:
    """A domain's default naming context is its name in DNS (MS-ADTS 3.1.1.1.5)."""
    return ",".join(f"DC={label}" for label in domain.split("."))


def _named(text: str) -> tuple[Server, ...]:
    """A host alone is asked at both ports."""
    try:
        plain = parse_servers(text, Security.PLAIN)
        is_port_given = plain == parse_servers(text, Security.LDAPS)
        return plain if is_port_given else _at_both_ports(one.host for one in plain)
    except DirectoryError as error:
        raise SourceRefused(str(error), field="server") from error


def _at_both_ports(hosts: Iterable[str]) -> tuple[Server, ...]:
    return tuple(
        Server(host, security.default_port) for host in hosts for security in (Security.STARTTLS, Security.LDAPS)
    )


def _found(domain: str, site: str) -> tuple[FoundController, ...]:
    try:
        SourceSettings((), base_dn_of(domain), "x", "x", domain=domain, site=site)
        return find_controllers(domain, site)
    except DirectoryError as error:
        raise SourceRefused(str(error), field=getattr(error, "field", "") or "domain") from error
