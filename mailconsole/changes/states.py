"""The life of a change as one table: what may be done in which state, and where it leads."""

from __future__ import annotations

from enum import StrEnum

from django.db import models


class ChangeState(models.TextChoices):
    """Where a change stands."""

    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    PUBLISHED = "published", "Published"
    WITHDRAWN = "withdrawn", "Withdrawn"

    @property
    def sentence(self) -> str:
        return _STATE_SENTENCES[self]

    @property
    def tone(self) -> str:
        return _TONES[self]

    @property
    def is_open(self) -> bool:
        """Whether the change can still become a revision."""
        return self in (ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPROVED)


_STATE_SENTENCES = {
    ChangeState.DRAFT: "Its author is still writing it; nothing of it is in effect.",
    ChangeState.IN_REVIEW: "It waits for as many others to approve it as the approval rules ask.",
    ChangeState.APPROVED: "Others approved it; it is not in effect until it is published.",
    ChangeState.PUBLISHED: "It became a revision; each node reports when it runs it.",
    ChangeState.WITHDRAWN: "Given up; nothing of it ever was in effect.",
}
_TONES = {
    ChangeState.DRAFT: "idle",
    ChangeState.IN_REVIEW: "warn",
    ChangeState.APPROVED: "info",
    ChangeState.PUBLISHED: "good",
    ChangeState.WITHDRAWN: "idle",
}


class Arrow(StrEnum):
    """What can be done to a change. One arrow is one service, one view, one button."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    PUBLISH = "publish"
    PUBLISH_FREELY = "publish_freely"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    END = "end"
    WITHDRAW = "withdraw"
    EDIT = "edit"
    BREAK_GLASS = "break_glass"

    @property
    def past(self) -> str:
        """The word of the audit: ``change.submitted``."""
        return _PAST[self]

    @property
    def sentence(self) -> str:
        return _ARROW_SENTENCES[self]


_PAST = {
    Arrow.SUBMIT: "submitted",
    Arrow.APPROVE: "approved",
    Arrow.REQUEST_CHANGES: "changes_requested",
    Arrow.PUBLISH: "published",
    Arrow.PUBLISH_FREELY: "published_without_approval",
    Arrow.SCHEDULE: "scheduled",
    Arrow.UNSCHEDULE: "unscheduled",
    Arrow.END: "published_at_the_end",
    Arrow.WITHDRAW: "withdrawn",
    Arrow.EDIT: "edited",
    Arrow.BREAK_GLASS: "published_without_review",
}
_ARROW_SENTENCES = {
    Arrow.SUBMIT: "Its author asks for a review.",
    Arrow.APPROVE: "A reviewer who is not its author agrees.",
    Arrow.REQUEST_CHANGES: "A reviewer gives it back to its author.",
    Arrow.PUBLISH: "A reviewer puts the approved change into effect.",
    Arrow.PUBLISH_FREELY: "Its author puts into effect what needs no approval by the rules.",
    Arrow.SCHEDULE: "A reviewer names the time at which it is published by itself.",
    Arrow.UNSCHEDULE: "A reviewer takes that time back.",
    Arrow.END: "At its end, a change is taken back by this one.",
    Arrow.WITHDRAW: "Its author gives it up.",
    Arrow.EDIT: "Its author goes on writing; approvals are void.",
    Arrow.BREAK_GLASS: "An administrator puts it into effect at once; a review is owed.",
}

D, R, A = ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPROVED
TRANSITIONS: dict[Arrow, dict[ChangeState, ChangeState]] = {
    Arrow.SUBMIT: {D: R},
    Arrow.APPROVE: {R: A, A: A},
    Arrow.REQUEST_CHANGES: {R: D, A: D},
    Arrow.PUBLISH: {A: ChangeState.PUBLISHED},
    Arrow.PUBLISH_FREELY: dict.fromkeys((D, R, A), ChangeState.PUBLISHED),
    Arrow.SCHEDULE: {A: A},
    Arrow.UNSCHEDULE: {A: A},
    Arrow.END: {D: ChangeState.PUBLISHED},
    Arrow.WITHDRAW: {D: ChangeState.WITHDRAWN, R: ChangeState.WITHDRAWN, A: ChangeState.WITHDRAWN},
    Arrow.EDIT: {D: D, R: D, A: D},
    Arrow.BREAK_GLASS: dict.fromkeys((D, R, A), ChangeState.PUBLISHED),
}


class Verdict(models.TextChoices):
    """What a review says."""

    APPROVED = "approved", "Approved"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    REVIEWED_AFTERWARDS = "reviewed_afterwards", "Reviewed afterwards"

    @property
    def sentence(self) -> str:
        return {
            Verdict.APPROVED: "The reviewer agrees with what is shown here.",
            Verdict.CHANGES_REQUESTED: "The reviewer wants something else.",
            Verdict.REVIEWED_AFTERWARDS: "The reviewer looked at it after it was published without a review.",
        }[self]


class Way(models.TextChoices):
    """How a revision came to be."""

    INITIAL = "initial", "First start"
    REVIEWED = "reviewed", "Reviewed"
    NO_APPROVAL_NEEDED = "no_approval_needed", "No approval needed"
    ENDED = "ended", "End of a change"
    FIRST_SETUP = "first_setup", "First set-up"
    BREAK_GLASS = "break_glass", "Break-glass"

    @property
    def sentence(self) -> str:
        return {
            Way.INITIAL: "Made by the software at its first start.",
            Way.REVIEWED: "Approved by somebody other than its author.",
            Way.NO_APPROVAL_NEEDED: "Published by its author: the approval rules asked nobody else to agree.",
            Way.ENDED: "Takes a change back at the end that was approved with it.",
            Way.FIRST_SETUP: "Published by the only administrator while nobody else could have reviewed it.",
            Way.BREAK_GLASS: "Published without a review, with a reason; a review was owed.",
        }[self]


class News(models.TextChoices):
    """What people are told of a change that they have to do with."""

    REVIEW_WANTED = "review_wanted", "Waits for a review"
    APPROVED = "approved", "Approved"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    COMMENTED = "commented", "Commented"
    TAKEN_OVER = "taken_over", "Taken over"
    PUBLISHED = "published", "Published"
    BREAK_GLASS = "break_glass", "Published without a review"
    REVIEWED_AFTERWARDS = "reviewed_afterwards", "Reviewed afterwards"
    SCHEDULE_FAILED = "schedule_failed", "Not published at its time"
    ENDED = "ended", "Ended"
    END_FAILED = "end_failed", "Not taken back"

    @property
    def tone(self) -> str:
        bad = (News.BREAK_GLASS, News.SCHEDULE_FAILED, News.END_FAILED)
        return "bad" if self in bad else "warn" if self is News.CHANGES_REQUESTED else "info"
