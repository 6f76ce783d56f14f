"""What waits for a person: the badge in the navigation and the list behind it."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Review
from mailconsole.changes.services.ground import concerned_by, may_reach
from mailconsole.changes.states import ChangeState, Verdict


def waiting_for(user: User) -> QuerySet[Change]:
    """Changes of others to review, approved ones to publish, reviews that are owed, within the role's reach;
    none for who is no reviewer."""
    if Role.REVIEWER.value not in user.role_names:
        return Change.objects.none()
    theirs = Q(author=user) | Q(pk__in=Change.objects.filter(former_authors=user).values("pk"))
    approved = Review.objects.filter(reviewer=user, verdict=Verdict.APPROVED, is_void=False).values("change")
    to_review = Q(state=ChangeState.IN_REVIEW) & ~theirs & ~Q(pk__in=approved)
    to_publish = Q(state=ChangeState.APPROVED, publish_at=None)  # else it waits for its time
    owed = Q(is_review_owed=True) & ~theirs & ~Q(revision__published_by=user)
    found = Change.objects.filter(to_review | to_publish | owed)
    return found.exclude(pk__in=_beyond(user, found))


def _beyond(user: User, found: QuerySet[Change]) -> list[int]:
    """What a limited reviewer could not decide about waits for somebody else."""
    if user.limit_of(Role.REVIEWER) is None:
        return []
    return [one.pk for one in found if not may_reach(user, Role.REVIEWER, concerned_by(one))]
