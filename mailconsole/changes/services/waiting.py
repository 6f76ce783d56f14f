"""What waits for a person: the badge in the navigation and the list behind it."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Review
from mailconsole.changes.states import ChangeState, Verdict


def waiting_for(user: User) -> QuerySet[Change]:
    """Changes of others to review, approved ones to publish, reviews that are owed; none for who is no reviewer."""
    if Role.REVIEWER.value not in user.role_names:
        return Change.objects.none()
    theirs = Q(author=user) | Q(pk__in=Change.objects.filter(former_authors=user).values("pk"))
    approved = Review.objects.filter(reviewer=user, verdict=Verdict.APPROVED, is_void=False).values("change")
    to_review = Q(state=ChangeState.IN_REVIEW) & ~theirs & ~Q(pk__in=approved)
    to_publish = Q(state=ChangeState.APPROVED)
    owed = Q(is_review_owed=True) & ~theirs & ~Q(revision__published_by=user)
    return Change.objects.filter(to_review | to_publish | owed)
