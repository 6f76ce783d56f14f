"""Ask for a review."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.refusals import Conflict, InvalidDocument, NothingToSubmit
from mailconsole.changes.services.ground import check_arrow, go, locked, note, require, require_author
from mailconsole.changes.services.plan import Plan, plan_change
from mailconsole.changes.states import Arrow
from transport.config.words import plain


@transaction.atomic
def submit_change(*, change: Change, actor: User, now: datetime, request: HttpRequest | None = None) -> Change:
    """Raises NotAllowed, NotYourChange, WrongState, NothingToSubmit, Conflict, InvalidDocument."""
    require(actor, Role.EDITOR)
    change = locked(change)
    require_author(change, actor)
    check_arrow(change, Arrow.SUBMIT)
    plan = plan_change(change, now=now)
    check_plan(change, plan)
    go(change, Arrow.SUBMIT, now=now, submitted_at=now)
    words = f"Asked for a review of “{change.title}”"
    after = {"digest": plan.digest, "plan": plain(plan.sentences)}
    note(actor, Arrow.SUBMIT.past, change, words, now=now, request=request, after=after, reason=change.reason)
    return change


def check_plan(change: Change, plan: Plan) -> None:
    """Raises NothingToSubmit, Conflict, InvalidDocument where the plan could not become a revision."""
    if plan.is_empty:
        raise NothingToSubmit(f"“{change.title}” changes nothing.")
    if plan.conflicts:
        raise Conflict(plan.conflicts)
    if plan.errors:
        raise InvalidDocument(plan.errors)
