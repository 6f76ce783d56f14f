"""The arrows of a change as verbs: submit, approve, publish and the like."""

from __future__ import annotations

from datetime import datetime

from mailconsole.accounts.models import User
from mailconsole.api.cli.verb import Options, Verb, argument
from mailconsole.changes.models import Change, Revision
from mailconsole.changes.services.approve_change import approve_change
from mailconsole.changes.services.bootstrap import publish_alone
from mailconsole.changes.services.break_glass import break_glass_publish, review_afterwards
from mailconsole.changes.services.comment_on_change import comment_on_change
from mailconsole.changes.services.publish_change import publish_change
from mailconsole.changes.services.publish_without_approval import publish_without_approval
from mailconsole.changes.services.request_changes import request_changes
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.services.take_back import take_back
from mailconsole.changes.services.take_over import take_over
from mailconsole.changes.services.withdraw_change import withdraw_change

SEEN = argument("--digest", required=True, metavar="SHA256", help="of what was looked at, as show prints it")
PERHAPS_SEEN = argument("--digest", metavar="SHA256", help="of what was looked at; refused where it is another by now")
WHY = argument("--reason", default="", help="why")


def _submit(options: Options, change: Change, actor: User, now: datetime) -> Change:
    return submit_change(change=change, actor=actor, now=now)


def _approve(options: Options, change: Change, actor: User, now: datetime) -> Change:
    return approve_change(change=change, actor=actor, digest=options["digest"], comment=options["comment"], now=now)


def _request_changes(options: Options, change: Change, actor: User, now: datetime) -> Change:
    return request_changes(change=change, actor=actor, digest=options["digest"], comment=options["comment"], now=now)


def _publish(options: Options, change: Change, actor: User, now: datetime) -> Revision:
    return publish_change(change=change, actor=actor, digest=options["digest"], now=now)


def _publish_freely(options: Options, change: Change, actor: User, now: datetime) -> Revision:
    return publish_without_approval(change=change, actor=actor, digest=options["digest"], now=now)


def _publish_alone(options: Options, change: Change, actor: User, now: datetime) -> Revision:
    return publish_alone(change=change, actor=actor, digest=options["digest"], now=now)


def _break_glass(options: Options, change: Change, actor: User, now: datetime) -> Revision:
    return break_glass_publish(change=change, actor=actor, reason=options["reason"], digest=options["digest"], now=now)


def _review_afterwards(options: Options, change: Change, actor: User, now: datetime) -> Change:
    return review_afterwards(change=change, actor=actor, comment=options["comment"], now=now)


def _take_back(options: Options, change: Change, actor: User, now: datetime) -> Change:
    return take_back(change=change, actor=actor, now=now)


def _take_over(options: Options, change: Change, actor: User, now: datetime) -> Change:
    return take_over(change=change, actor=actor, reason=options["reason"], now=now)


def _withdraw(options: Options, change: Change, actor: User, now: datetime) -> Change:
    return withdraw_change(change=change, actor=actor, reason=options["reason"], now=now)


def _comment(options: Options, change: Change, actor: User, now: datetime) -> Change:
    kind, object_id = options["on"] or ("", "")
    comment_on_change(change=change, actor=actor, text=options["text"], kind=kind, object_id=object_id, now=now)
    return change


VERBS = (
    Verb("submit", "ask for a review", _submit),
    Verb(
        "approve",
        "agree with somebody else's change",
        _approve,
        (SEEN, argument("--comment", default="", help="what you say to it")),
    ),
    Verb(
        "request-changes",
        "give it back to its author",
        _request_changes,
        (SEEN, argument("--comment", required=True, help="what should be different")),
    ),
    Verb("publish", "put an approved change into effect", _publish, (PERHAPS_SEEN,)),
    Verb("publish-freely", "put your own into effect, where nobody else is asked", _publish_freely, (PERHAPS_SEEN,)),
    Verb("publish-alone", "put your own into effect, while nobody else could review", _publish_alone, (PERHAPS_SEEN,)),
    Verb("break-glass", "publish without a review; one is owed", _break_glass, (WHY, PERHAPS_SEEN)),
    Verb(
        "review-afterwards",
        "give the review that a break-glass owes",
        _review_afterwards,
        (argument("--comment", default="", help="what you found"),),
    ),
    Verb("take-back", "go on writing it: a draft again", _take_back),
    Verb("take-over", "go on with a colleague's change in your own name", _take_over, (WHY,)),
    Verb("withdraw", "give it up", _withdraw, (WHY,)),
    Verb(
        "comment",
        "say something about it",
        _comment,
        (
            argument("text", metavar="TEXT"),
            argument("--on", nargs=2, metavar=("KIND", "ID"), help="about one of its items"),
        ),
    ),
)
