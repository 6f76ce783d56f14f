"""A refused attempt becomes a relay policy in this person's draft."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.services.ground import require
from mailconsole.learning.refusals import NoPolicyHelps
from mailconsole.mailflow.services.stage_object import stage_object
from mailconsole.tracking.models import Refusal
from mailconsole.tracking.services.policy_for import policy_for


def draft_refusal(
    *, actor: User, refusal: Refusal, owner: str, purpose: str, now: datetime, request: HttpRequest | None = None
) -> Change:
    """For this client, its sender's domain and the recipient's, for a year; an empty ``purpose`` tells of the refusal.

    Raises NotAllowed, NoPolicyHelps, InvalidObject, OutOfReach, WrongState.
    """
    require(actor, Role.EDITOR)
    policy = policy_for(refusal, owner=owner, now=now)
    if policy is None:
        raise NoPolicyHelps("No relay policy would help: only a refused recipient in a domain can be admitted by one.")
    if purpose:
        policy["purpose"] = purpose
    title = f"Let {refusal.peer} relay"
    return stage_object(
        actor=actor, kind="relay_policies", object_id="", after=policy, now=now, title=title, request=request
    )
