"""Who has to agree to which change: configuration like any other, shown under Changes."""

from __future__ import annotations

from typing import Any

from mailconsole.mailflow.fields import capital
from mailconsole.mailflow.kinds.kind import Group, Kind, some
from transport.config.phrases import label


def _about(item: Any) -> str:
    what = capital(some(label(kind) for kind in item.kinds) or "everything")
    return what if item.risk == "any" else f"{what}: {item.risk}"


def _asks(item: Any) -> str:
    if not item.approvals:
        return "nobody"
    return f"{item.approvals} of {some(item.reviewer_groups) or 'any reviewer'}"


APPROVAL: tuple[Kind, ...] = (
    Kind(
        "approval_rules",
        "Who has to agree to which change. The first rule that is about an object decides, the lowest priority first.",
        "No rule: every change is approved by one reviewer who is not its author.",
        "checklist",
        "approval-rules",
        (("Priority", lambda item: str(item.priority)), ("About", _about), ("Asks", _asks)),
        (
            Group("General", ("name", "priority", "is_enabled", "comment")),
            Group("About", ("kinds", "risk", "expires_within")),
            Group("Asks", ("approvals", "reviewer_groups")),
        ),
        order=30,
        nav_group="Approval",
        help="approval-rules",
        is_about_changes=True,
    ),
    Kind(
        "reviewer_groups",
        "Reviewers whom approval rules ask, by name or by role.",
        "No group: approval rules ask any reviewer.",
        "users-group",
        "reviewer-groups",
        (
            ("Members", lambda item: some(item.members) or "none"),
            ("Roles", lambda item: some(role.value for role in item.roles) or "none"),
        ),
        (Group("General", ("name", "comment")), Group("Who", ("members", "roles"))),
        order=40,
        nav_group="Approval",
        help="approval-rules",
        is_about_changes=True,
    ),
)
