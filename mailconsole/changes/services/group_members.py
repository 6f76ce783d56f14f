"""Who is in a reviewer group at this moment: whose approval would count for it. Reads only."""

from __future__ import annotations

from collections.abc import Iterable

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.services.approvals import person_of
from transport.config.objects import ReviewerGroup
from transport.rules.approval import Need


def members_of(groups: Iterable[ReviewerGroup]) -> dict[str, tuple[str, ...]]:
    """The user names by the group's id: active people who may review, named or by their role."""
    people = [person_of(one) for one in reviewers()]
    return {group.id: Need(1, group).counted(people) for group in groups}


def reviewers() -> list[User]:
    """Active people who may review."""
    active = User.objects.filter(is_active=True, groups__name__in=(Role.REVIEWER.value, Role.ADMINISTRATOR.value))
    return list(active.order_by("username").distinct().prefetch_related("groups"))
