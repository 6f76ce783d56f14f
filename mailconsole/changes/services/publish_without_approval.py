"""Publish what the approval rules let its author publish alone: a one-hour block, for example. Loud in the audit."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Revision
from mailconsole.changes.refusals import NotApproved
from mailconsole.changes.services.approvals import approvals_of
from mailconsole.changes.services.ground import (
    check_arrow,
    check_digest,
    locked,
    prolonged_by,
    require,
    require_author,
    require_reach,
)
from mailconsole.changes.services.plan import Plan
from mailconsole.changes.services.publish_change import put_into_effect
from mailconsole.changes.states import Arrow, Way


@transaction.atomic
def publish_without_approval(
    *, change: Change, actor: User, now: datetime, digest: str | None = None, request: HttpRequest | None = None
) -> Revision:
    """Raises NotAllowed, NotYourChange, WrongState, DigestMoved, NotApproved, Conflict, InvalidDocument,
    NothingToSubmit."""
    require(actor, Role.EDITOR)
    change = locked(change)
    require_author(change, actor)
    check_arrow(change, Arrow.PUBLISH_FREELY)
    if digest is not None:
        check_digest(change, digest)

    def check(plan: Plan) -> str:
        require_reach(actor, Role.EDITOR, (*plan.changes, *prolonged_by(change)))
        demands = approvals_of(change, plan, now=now).demands
        if demands.needs:
            need = demands.needs[0]
            raise NotApproved(f"This needs {need.sentence.lower()}: {need.reasons[0]} Submit it for review.")
        return f"No approval was needed: {' '.join(demands.waived)} {change.reason}".strip()

    return put_into_effect(
        change, actor=actor, arrow=Arrow.PUBLISH_FREELY, way=Way.NO_APPROVAL_NEEDED, now=now, request=request,
        check=check,
    )  # fmt: skip
