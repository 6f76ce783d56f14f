"""What this person can do with this change now, and in words why not. The services decide; this only foretells."""

from __future__ import annotations

from dataclasses import dataclass

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.reach import out_of_reach
from mailconsole.changes.services.approvals import Approvals, person_of
from mailconsole.changes.services.bootstrap import is_first_setup
from mailconsole.changes.services.ground import concerned_by, has_written
from mailconsole.changes.services.open_change import current_draft
from mailconsole.changes.states import ChangeState, Verdict


@dataclass(frozen=True, slots=True)
class Abilities:
    """One flag a button; `sentence` says what the change waits for, and for whom.

    `edit_items` is for the draft that the person's forms stage into; any other is taken back first.
    """

    edit: bool
    edit_items: bool
    submit: bool
    approve: bool
    request_changes: bool
    publish: bool
    publish_freely: bool
    take_over: bool
    unschedule: bool
    shorten: bool
    prolong: bool
    publish_alone: bool
    withdraw: bool
    break_glass: bool
    review_afterwards: bool
    comment: bool
    sentence: str


def abilities_of(user: User, change: Change, approvals: Approvals | None = None) -> Abilities:
    """``approvals`` are those of an open change that could become a revision."""
    roles, state = user.role_names, change.status
    is_author, is_writer = change.author_id == user.pk, has_written(change, user)
    is_editor, is_reviewer = Role.EDITOR.value in roles, Role.REVIEWER.value in roles
    limit = user.limit_of(Role.REVIEWER) if is_reviewer else None
    is_beyond = limit is not None and out_of_reach(limit, concerned_by(change)) is not None
    is_reviewer = is_reviewer and not is_beyond
    is_administrator = Role.ADMINISTRATOR.value in roles
    may_edit = is_author and is_editor and state.is_open
    is_waiting = state in (ChangeState.DRAFT, ChangeState.IN_REVIEW)
    alone = is_waiting and is_author and is_first_setup(user)
    is_enough = approvals is None or approvals.is_enough
    is_free = may_edit and approvals is not None and approvals.demands.is_nobody_needed
    may_approve = state is ChangeState.IN_REVIEW or (state is ChangeState.APPROVED and not is_enough)
    may_approve = may_approve and not _approved_it(user, change)
    return Abilities(
        edit=may_edit,
        edit_items=may_edit and current_draft(user) == change,
        submit=may_edit and state is ChangeState.DRAFT and not is_free,
        approve=is_reviewer and not is_writer and may_approve,
        request_changes=is_reviewer and not is_writer and state in (ChangeState.IN_REVIEW, ChangeState.APPROVED),
        publish=is_reviewer and state is ChangeState.APPROVED and is_enough,
        publish_freely=is_free,
        take_over=is_editor and not is_author and state.is_open,
        unschedule=is_reviewer and change.publish_at is not None,
        shorten=change.is_to_end and ((is_author and is_editor) or Role.OPERATOR.value in roles),
        prolong=change.is_to_end and is_editor,
        publish_alone=alone,
        withdraw=may_edit or (is_administrator and not change.author.is_active and state.is_open),
        break_glass=is_administrator and (is_waiting or not is_enough) and state.is_open and not alone,
        review_afterwards=is_reviewer and not is_writer and change.is_review_owed and not _published_it(user, change),
        comment=(is_editor or is_reviewer) and state is not ChangeState.WITHDRAWN,
        sentence=_sentence(user, change, approvals, is_author=is_author, is_reviewer=is_reviewer)
        + (f" Your role reviewer is limited to {limit.sentence}." if limit and is_beyond and not is_author else ""),
    )


def _approved_it(user: User, change: Change) -> bool:
    return change.reviews.filter(reviewer=user, verdict=Verdict.APPROVED, is_void=False).exists()


def _would_count(user: User, approvals: Approvals) -> bool:
    """Whether this person's approval is one of those that are missing."""
    return not approvals.missing or any(need.counted((person_of(user),)) for need in approvals.missing)


def _published_it(user: User, change: Change) -> bool:
    return hasattr(change, "revision") and change.revision.published_by_id == user.pk


def _sentence(user: User, change: Change, approvals: Approvals | None, *, is_author: bool, is_reviewer: bool) -> str:
    state = change.status
    if change.is_review_owed:
        return "A review is owed, by somebody who neither wrote nor published it."
    if is_author and state.is_open and approvals is not None and approvals.demands.is_nobody_needed:
        return "By the approval rules it needs nobody else: publish it when it is complete."
    if state is ChangeState.DRAFT:
        return "Submit it for review when it is complete." if is_author else f"{change.author} is still writing it."
    if state is ChangeState.IN_REVIEW:
        if is_author:
            return "It waits for a reviewer. You can't approve it: nobody approves their own change."
        if has_written(change, user):
            return "It waits for a reviewer. You can't approve it: you wrote some of it."
        if is_reviewer and _approved_it(user, change):
            return "You approved it; it waits for somebody else's approval too."
        if is_reviewer and approvals is not None and not _would_count(user, approvals):
            asked = " and ".join(need.sentence[:1].lower() + need.sentence[1:] for need in approvals.missing)
            return f"It waits for {asked}. You may approve it too, but that does not count for it."
        return "It waits for you or another reviewer." if is_reviewer else "It waits for a reviewer; you are none."
    if state is ChangeState.APPROVED and approvals is not None and not approvals.is_enough:
        return "It was approved, but that no longer suffices: it needs another approval before it can be published."
    if state is ChangeState.APPROVED and change.publish_at is not None:
        return f"It is approved, and is published by itself at the time below, as {change.scheduled_by} asked."
    if state is ChangeState.APPROVED:
        return "It is approved and waits to be published." if is_reviewer else "It waits for a reviewer to publish it."
    return state.sentence
