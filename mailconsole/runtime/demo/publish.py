"""Puts a document into effect for the demo, by a change like any other."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.services.bootstrap import is_first_setup, publish_alone
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.stage_document import stage_document
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.states import ChangeState
from mailconsole.common.refusals import Refusal
from transport.config.document import MailFlow

_WAITING = (ChangeState.IN_REVIEW, ChangeState.APPROVED)


class NobodyToAsk(Refusal):
    """There is no active administrator."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of it: published, or waiting for somebody else's approval."""

    change: Change

    @property
    def is_published(self) -> bool:
        return self.change.state == ChangeState.PUBLISHED


@transaction.atomic
def ask_for(document: MailFlow, *, title: str, reason: str) -> Asked:
    """Publish while the first administrator is alone; else submit for review, once. Raises Refusal."""
    now = timezone.now()
    actor = User.objects.filter(is_active=True, groups__name=Role.ADMINISTRATOR.value).order_by("pk").first()
    if actor is None:
        raise NobodyToAsk("The demo asks in the name of an administrator, and there is none.")
    waiting = Change.objects.filter(title=title, reason=reason, state__in=_WAITING).first()
    if waiting is not None:
        return Asked(waiting)
    change = open_change(author=actor, now=now, title=title, reason=reason)
    stage_document(change=change, actor=actor, document=document, now=now)
    if is_first_setup(actor):
        publish_alone(change=change, actor=actor, now=now)
    else:
        submit_change(change=change, actor=actor, now=now)
    change.refresh_from_db()
    return Asked(change)
