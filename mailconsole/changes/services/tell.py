"""Tell people of a change, in the transaction of what happened: a notice each, never to whoever did it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Notice
from mailconsole.changes.services.approvals import whose_count
from mailconsole.changes.services.ground import concerned_by, may_reach
from mailconsole.changes.services.webhook import plan_call
from mailconsole.changes.states import News

_REVIEWING = (Role.REVIEWER.value, Role.ADMINISTRATOR.value)


def tell(
    news: News, change: Change, people: Iterable[User], text: str, *, by: User | None = None, now: datetime
) -> None:
    """One notice for each of the people who are active, without ``by``; a program is told too, where one is set."""
    plan_call(news, change, text, now=now)
    told = {one.pk: one for one in people if one.is_active and (by is None or one.pk != by.pk)}
    Notice.objects.bulk_create(
        Notice(person=one, change=change, news=news, text=text[:500], created_at=now) for one in told.values()
    )


def reviewers() -> Iterable[User]:
    return User.objects.filter(is_active=True, groups__name__in=_REVIEWING).distinct()


def reviewers_of(change: Change, *, now: datetime) -> list[User]:
    """Those whose approval of it counts: reviewers who did not write it, and whose reach it is within; where rules ask
    groups of them, these alone, unless nobody is in them any more."""
    wrote = {change.author_id, *change.former_authors.values_list("pk", flat=True)}
    concerned = concerned_by(change)
    found = [one for one in reviewers() if one.pk not in wrote and may_reach(one, Role.REVIEWER, concerned)]
    return whose_count(change, found, now=now) or found


def everybody() -> Iterable[User]:
    """Everybody with a role."""
    return User.objects.filter(is_active=True, groups__isnull=False).distinct()
