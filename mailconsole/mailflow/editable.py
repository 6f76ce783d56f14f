"""What this person may edit, for buttons and notes. The services decide; this only foretells."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser

from mailconsole.accounts.limits import Limit
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.reach import reaches, reaches_kind
from mailconsole.common.refusals import PageRefused
from transport.config.diff import Json


@dataclass(frozen=True, slots=True)
class Editable:
    """``note`` says to a limited editor what the limit is."""

    is_so: bool
    note: str = ""


def may_edit(user: User | AnonymousUser, kind: str, object_id: str = "", value: Json | None = None) -> Editable:
    """Objects of this kind, or this very one."""
    if not isinstance(user, User) or Role.EDITOR.value not in user.role_names:
        return Editable(False)
    limit = user.limit_of(Role.EDITOR)
    if limit is None:
        return Editable(True)
    is_so = reaches(limit, kind, object_id, value) if value is not None else reaches_kind(limit, kind)
    return Editable(is_so, _note(limit))


def check_editable(user: User | AnonymousUser, kind: str, object_id: str = "", value: Json | None = None) -> None:
    """Raises PageRefused where the person's role does not reach it."""
    found = may_edit(user, kind, object_id, value)
    if not found.is_so and found.note:
        raise PageRefused(f"{found.note} This is not within that.", next_step="Ask an editor without that limit.")


def _note(limit: Limit) -> str:
    return f"Your role editor is limited to {limit.sentence}."
