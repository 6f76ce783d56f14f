"""A person has this machine ask a server that they only name: who, and which host and port, stands in the audit.

Only so often, and only at the ports of LDAP unless an administrator says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest

from directory.settings import Server
from mailconsole.accounts.access import user_has_role
from mailconsole.accounts.roles import Role
from mailconsole.audit import services as audit
from mailconsole.recipients.refusals import SourceRefused, TooManyTests

LDAP_PORTS = frozenset({389, 636, 3268, 3269})
MOST_IN_A_MINUTE = 10


def note_asking(
    *,
    servers: Sequence[Server],
    domain: str = "",
    verb: str,
    what: str,
    actor: Any,
    now: datetime,
    request: HttpRequest | None = None,
) -> None:
    """To be called before any socket opens, DNS's too; `actor` None is the command line. Raises SourceRefused for
    a port that is none of LDAP's, and TooManyTests."""
    action = f"directory_source.{verb}"
    if actor is not None:
        _check_ports(servers, actor)
        if audit.count_since(actor=actor, action=action, since=now - timedelta(minutes=1)) >= MOST_IN_A_MINUTE:
            raise TooManyTests(f"You asked {MOST_IN_A_MINUTE} times within a minute: wait a little.")
    named = [str(server) for server in servers]
    after = {"servers": named} | ({"domain": domain} if domain else {})
    _record(action, _summary(what, named), after, actor, now, request)


def note_found(
    *, servers: Sequence[Server], verb: str, what: str, actor: Any, now: datetime, request: HttpRequest | None = None
) -> None:
    """What DNS named besides, before it is asked too."""
    named = [str(server) for server in servers]
    _record(f"directory_source.{verb}.controllers", _summary(what, named), {"servers": named}, actor, now, request)


def _summary(what: str, named: Sequence[str]) -> str:
    return f"{what}: {', '.join(named[:5])}{' and more' if len(named) > 5 else ''}" if named else what


def _record(
    action: str, summary: str, after: dict[str, Any], actor: Any, now: datetime, request: HttpRequest | None
) -> None:
    audit.record(
        actor=actor, action=action, object_kind="directory_source", object_id="", summary=summary,
        after=after, request=request, now=now,
    )  # fmt: skip


def _check_ports(servers: Sequence[Server], actor: Any) -> None:
    if user_has_role(actor, Role.ADMINISTRATOR):
        return
    for server in servers:
        if server.port not in LDAP_PORTS:
            raise SourceRefused(
                f"{server}: only an administrator has a port asked that is none of LDAP's (389, 636, 3268, 3269).",
                field="servers",
            )
