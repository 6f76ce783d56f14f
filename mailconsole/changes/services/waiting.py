"""What waits for a person: the badge in the navigation and the list behind it."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Review
from mailconsole.changes.services.approvals import whose_count
from mailconsole.changes.services.ground import concerned_by, may_reach
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.states import ChangeState, Verdict


def waiting_for(user: User) -> QuerySet[Change]:
    """Changes of others to review where their approval would count, approved ones to publish, reviews that are owed,
    within the role's reach; none for who is no reviewer."""
    if Role.REVIEWER.value not in user.role_names:
        return Change.objects.none()
    theirs = Q(author=user) | Q(pk__in=Change.objects.filter(former_authors=user).values("pk"))
    approved = Review.objects.filter(reviewer=user, verdict=Verdict.APPROVED, is_void=False).values("change")
    to_review = Q(state=ChangeState.IN_REVIEW) & ~theirs & ~Q(pk__in=approved)
    to_publish = Q(state=ChangeState.APPROVED, publish_at=None)  # else it waits for its time
    owed = Q(is_review_owed=True) & ~theirs & ~Q(revision__published_by=user)
    found = Change.objects.filter(to_review | to_publish | owed)
    beyond = _beyond(user, found)
    return found.exclude(pk__in=[*beyond, *_for_others(user, found.exclude(pk__in=beyond).filter(to_review))])


def _for_others(user: User, to_review: QuerySet[Change]) -> list[int]:
    """What waits for groups of reviewers that this one is not in. Nothing is looked at where no rule asks a group."""
    rules = load_document(head_revision()).approval_rules
    if not any(rule.is_enabled and rule.reviewer_groups for rule in rules):
        return []
    now = timezone.now()
    return [one.pk for one in to_review if not whose_count(one, [user], now=now)]


def _beyond(user: User, found: QuerySet[Change]) -> list[int]:
    """What a limited reviewer could not decide about waits for somebody else."""
    if user.limit_of(Role.REVIEWER) is None:
        return []
    return [one.pk for one in found if not may_reach(user, Role.REVIEWER, concerned_by(one))]
