"""A change that leads to a whole document, submitted, as from Git: by the command line and by the API alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.services.bring_up_to_date import Side, bring_up_to_date
from mailconsole.changes.services.describe_change import describe_change
from mailconsole.changes.services.ground import digest_of, require
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.stage_document import stage_document
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.states import ChangeState
from transport.config import text
from transport.config.diff import diff


class Outcome(StrEnum):
    """What became of a document that was to be applied."""

    UNCHANGED = "unchanged"
    SUBMITTED = "submitted"
    WAITS_ALREADY = "waits_already"
    DRAFTED = "drafted"
    PUBLISHED = "published"

    @property
    def sentence(self) -> str:
        return {
            Outcome.UNCHANGED: "The configuration is as the document says.",
            Outcome.SUBMITTED: "The change waits for a review.",
            Outcome.WAITS_ALREADY: "A change of the same person asks for just this, and waits.",
            Outcome.DRAFTED: "The change is a draft.",
            Outcome.PUBLISHED: "The change is in effect: its author may publish it alone.",
        }[self]


@dataclass(frozen=True, slots=True)
class Applied:
    """No change where the outcome is UNCHANGED."""

    outcome: Outcome
    change: Change | None = None


@transaction.atomic
def apply_document(
    *,
    body: str,
    actor: User,
    now: datetime,
    title: str = "",
    reason: str = "",
    ticket: str = "",
    into: Change | None = None,
    is_draft: bool = False,
    request: HttpRequest | None = None,
) -> Applied:
    """``body`` is YAML or JSON; ``into`` is a change that is there instead of a new one; ``is_draft``: not submitted.

    Raises BadText, NotAllowed, OutOfReach, NotYourChange, WrongState, SecretNotStored, NothingToSubmit,
    InvalidDocument.
    """
    require(actor, Role.EDITOR)
    if into is None and is_as_published(body):
        return Applied(Outcome.UNCHANGED)
    change = lead_to(
        body=body, actor=actor, now=now, title=title, reason=reason, ticket=ticket, into=into, request=request
    )
    if is_draft:
        return Applied(Outcome.DRAFTED, change)
    return submit_once(change=change, actor=actor, now=now, request=request)


def is_as_published(body: str) -> bool:
    """Raises BadText."""
    head = load_document(head_revision())
    return not diff(head, text.load(body, onto=head))


def lead_to(
    *,
    body: str,
    actor: User,
    now: datetime,
    title: str,
    reason: str,
    ticket: str,
    into: Change | None,
    request: HttpRequest | None = None,
) -> Change:
    """A draft on the head that leads to what the body says and nowhere else; words that are not said stay.

    Sections that the body leaves out are those of the draft's own base: never older ones, which would take back what
    was published since. Raises BadText.
    """
    if into is None:
        change = open_change(author=actor, now=now, title=title, reason=reason, ticket=ticket, request=request)
    else:
        change = describe_change(
            change=into,
            actor=actor,
            title=title or into.title,
            reason=reason or into.reason,
            ticket=ticket or into.ticket,
            now=now,
            request=request,
        )
        if change.base_id != head_revision().pk:
            change = bring_up_to_date(change=change, actor=actor, prefer=Side.HEAD, now=now, request=request)
    document = text.load(body, onto=load_document(change.base))
    stage_document(change=change, actor=actor, document=document, now=now, request=request)
    return Change.objects.select_related("author", "base").get(pk=change.pk)


def submit_once(*, change: Change, actor: User, now: datetime, request: HttpRequest | None = None) -> Applied:
    """In the transaction that made the change: where the same person's other one asks for just this and waits, that
    one is the answer, and this one never was. Two at once never miss each other: both wait at the end of the audit."""
    waiting = Change.objects.filter(author=actor, state__in=[ChangeState.IN_REVIEW, ChangeState.APPROVED])
    digest = digest_of(change)
    same = next((other for other in waiting.exclude(pk=change.pk) if digest_of(other) == digest), None)
    if same is not None:
        transaction.set_rollback(True)
        return Applied(Outcome.WAITS_ALREADY, same)
    submit_change(change=change, actor=actor, now=now, request=request)
    return Applied(Outcome.SUBMITTED, Change.objects.select_related("author", "base").get(pk=change.pk))
