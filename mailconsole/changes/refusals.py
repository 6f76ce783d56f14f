"""Why a service about changes says no. Each is a name; its text is for the person who asked."""

from __future__ import annotations

from collections.abc import Sequence

from mailconsole.common.refusals import Refusal
from transport.config.merge import Conflict as FieldConflict
from transport.config.problem import Problem


class NothingRecorded(Refusal):
    """There is no traffic of the past to replay."""


class ReplayedJustNow(Refusal):
    """The impact is asked for anew right after the last replay."""


class NoSuchGround(Refusal):
    """There is no such revision or change to ask about."""


class NotAllowed(Refusal):
    """The person lacks the role for this."""


class OutOfReach(Refusal):
    """The person's role is limited, and this is not within it."""


class NotYourChange(Refusal):
    """Only its author edits, submits and withdraws a change."""


class CannotApproveOwnChange(Refusal):
    """Law 5: nobody approves their own change."""


class WrongState(Refusal):
    """The change is not in a state in which this can be done; perhaps somebody was quicker."""


class DigestMoved(Refusal):
    """The change is no longer what the person saw, or what was approved."""


class NotApproved(Refusal):
    """No approval counts: it was void, or its reviewer may no longer review."""


class NothingToSubmit(Refusal):
    """A change without items changes nothing."""


class NoSuchObject(Refusal):
    """The object that should be changed or deleted is not there."""


class ReasonMissing(Refusal):
    """This needs a reason, for the audit and for whoever reviews it."""


class SecretNotStored(Refusal):
    """The document names a secret that the store does not have (law 9: never the value itself)."""


class ReviewNotOwed(Refusal):
    """Only what was published without a review is reviewed afterwards."""


class NotTheFirstSetup(Refusal):
    """Publishing without a second person is for the sole administrator of a new installation only."""


class BadTime(Refusal):
    """A time that can't be: passed already, or not before the other one."""


class NothingToEnd(Refusal):
    """The change is not in effect for a time only, or its end has come."""


class NoAddress(Refusal):
    """The person has no mail address."""


class InvalidDocument(Refusal):
    """The document would break rules; `problems` says which, where."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        super().__init__(f"{problems[0].sentence}{more}")
        self.problems = tuple(problems)


class InvalidObject(Refusal):
    """One object is wrong in itself; `errors` are sentences by field, empty field for the whole."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        field, sentences = next(iter(errors.items()))
        super().__init__(f"{field}: {sentences[0]}" if field else sentences[0])
        self.errors = errors


class DraftUnreadable(Refusal):
    """A draft that an earlier version kept holds what this one does not take."""

    def __init__(self, title: str, problem: str) -> None:
        super().__init__(
            f"Your draft “{title}” can't be read any more: {problem}. Discard that item on its page, or withdraw it."
        )


class Conflict(Refusal):
    """Somebody published something else about the same fields meanwhile; `conflicts` says which."""

    def __init__(self, conflicts: Sequence[FieldConflict]) -> None:
        first = conflicts[0]
        what = f"{first.field} of {first.name}" if first.field else first.name
        super().__init__(
            f"Meanwhile {what} was changed by another revision, differently. Bring your change up to date."
        )
        self.conflicts = tuple(conflicts)


class TooMuchToKeep(Refusal):
    """A form holds more than is kept of one that is not staged."""


NOT_ALLOWED = (NotAllowed, NotYourChange, OutOfReach, CannotApproveOwnChange, NotTheFirstSetup)
"""Somebody else may, or could with another role."""
NOT_THERE = (NoSuchObject, NoSuchGround)
MOVED = (WrongState, DigestMoved, NotApproved, Conflict, NothingToSubmit, ReviewNotOwed, NothingRecorded, NothingToEnd)
"""It is not as the person thought, perhaps not any more: look again."""
