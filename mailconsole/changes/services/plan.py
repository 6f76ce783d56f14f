"""What a change would do if it were published now: the words, the problems, the conflicts. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from mailconsole.changes.models import Change, Revision
from mailconsole.changes.refusals import DraftUnreadable
from mailconsole.changes.services.ground import changes_of, digest_of
from mailconsole.changes.services.reachable import unreachable_rules
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.common.secrets import has_secret, is_for_documents
from transport.config.diff import ObjectChange, apply, as_json, model_of, objects_of
from transport.config.document import MailFlow
from transport.config.explain import explain
from transport.config.merge import Conflict, merge_changes
from transport.config.problem import Problem, Severity
from transport.config.validate import errors, validate
from transport.config.words import Sentence, in_words
from transport.rules.open_relay import find_openings


@dataclass(frozen=True, slots=True)
class Plan:
    """`changes` lead from the head's document to `document`; `document` is None where there are conflicts."""

    digest: str
    head: Revision
    head_document: MailFlow
    document: MailFlow | None
    changes: tuple[ObjectChange, ...]
    conflicts: tuple[Conflict, ...]
    problems: tuple[Problem, ...]
    """Problems that the change brings; those that the head has already are in `old_problems`."""
    old_problems: tuple[Problem, ...]

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        return in_words(self.changes, self.head_document)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return errors(self.problems)

    @property
    def openings(self) -> tuple[Problem, ...]:
        """What the change opens on purpose: broad networks that may relay anywhere."""
        return tuple(one for one in self.problems if one.kind == "relay_policies" and one.field == "networks")

    @property
    def is_empty(self) -> bool:
        return not self.changes and not self.conflicts


def plan_change(change: Change, *, now: datetime) -> Plan:
    """The plan against the head of this moment."""
    return plan_items(changes_of(change), head=head_revision(), digest=digest_of(change), now=now)


def sketch_change(change: Change) -> Plan:
    """The plan without its problems, which cost most of it: what is counted on every page needs none."""
    items, head = changes_of(change), head_revision()
    document = load_document(head)
    try:
        merged = merge_changes(items, head=document)
    except ValidationError:
        return Plan("", head, document, None, tuple(items), (), (), ())
    shown = merged.changes if merged.document is not None else tuple(items)
    return Plan("", head, document, merged.document, shown, merged.conflicts, (), ())


def plan_items(items: Iterable[ObjectChange], *, head: Revision, digest: str, now: datetime) -> Plan:
    """The plan of items that need not be staged yet."""
    items = tuple(items)
    document = load_document(head)
    try:
        merged = merge_changes(items, head=document)
    except ValidationError as error:
        return Plan(digest, head, document, None, items, (), misfits_of(items, document, error), ())
    known = set(problems_of(document, now=now))
    found = problems_of(merged.document, now=now) if merged.document is not None else ()
    shown = merged.changes if merged.document is not None else items
    return Plan(
        digest,
        head,
        document,
        merged.document,
        shown,
        merged.conflicts,
        tuple(one for one in found if one not in known),
        tuple(one for one in found if one in known),
    )


def misfits_of(items: Iterable[ObjectChange], document: MailFlow, error: ValidationError) -> tuple[Problem, ...]:
    """Which objects don't fit any more, each in itself: its fields here, and others that were published meanwhile."""
    found = [problem for one in items if one.after is not None for problem in _misfits_in(one, document)]
    told = (Problem("", "", one.path, one.sentence) for one in explain(error, {}, model=MailFlow))
    return tuple(found) or tuple(told)


def _misfits_in(item: ObjectChange, document: MailFlow) -> Iterator[Problem]:
    before, after = item.before or {}, item.after or {}
    there = objects_of(document, item.kind).get(item.object_id)
    ours = {field: value for field, value in after.items() if value != before.get(field)}
    value = (as_json(there) if there is not None else {}) | ours
    try:
        model_of(item.kind).model_validate(value)
    except ValidationError as error:
        for one in explain(error, value, model=model_of(item.kind)):
            sentence = f"With what was published meanwhile, {item.name} does not fit any more: {one.sentence}."
            first = one.sentence.partition(" ")[0]  # what is said of two fields names the one to mend first
            field = one.field or (first if first in model_of(item.kind).model_fields else "")
            yield Problem(item.kind, item.object_id, field, sentence)


def problems_of(document: MailFlow, *, now: datetime) -> tuple[Problem, ...]:
    """What validation says, and what it can't know: whether the store has the secrets, and what the rules answer."""
    found = validate(document, now=now)
    told = {(one.kind, one.object_id) for one in found if one.field == "networks"}
    opened = [one for one in open_relays(document, now=now) if (one.kind, one.object_id) not in told]
    return (*missing_secrets(document), *unreachable_rules(document), *opened, *found)


def open_relays(document: MailFlow, *, now: datetime) -> Iterator[Problem]:
    """What the rules answer strangers who try to relay; a warning where the policy says that it is meant."""
    for opening in find_openings(document, now=now.timestamp()):
        severity = Severity.WARNING if opening.is_meant else Severity.ERROR
        yield Problem("relay_policies", opening.policy_id, "networks", opening.sentence, severity)


def missing_secrets(document: MailFlow) -> tuple[Problem, ...]:
    """Objects whose password the store does not have; the sentence does not repeat what stands there."""
    webhook = document.organization.review_webhook_secret
    signed = not webhook or (is_for_documents(webhook) and has_secret(webhook))
    sentence = "The secret that signs what a program is told is not stored: use manage.py config secret NAME."
    return (
        *(() if signed else (Problem("organization", "organization", "review_webhook_secret", sentence),)),
        *(
            Problem(kind, item.id, "password_secret", f"The password of {item.name} is not stored: {remedy}.")
            for kind, remedy in (("send_connectors", "enter it"), ("service_accounts", "make one"))
            for item in document.section(kind)
            if (name := item.password_secret) and not (is_for_documents(name) and has_secret(name))
        ),
    )


def draft_document(change: Change) -> MailFlow:
    """The base with the change's items on it: what its author edits. Raises DraftUnreadable."""
    try:
        return apply(changes_of(change), load_document(change.base))
    except ValidationError as error:
        raise DraftUnreadable(change.title, str(explain(error, {}, model=MailFlow)[0])) from None
