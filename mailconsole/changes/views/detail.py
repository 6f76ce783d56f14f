"""One change: what it would do, what is said about it, and what this person can do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.accounts.views.people import actor_of
from mailconsole.audit.models import AuditEntry
from mailconsole.changes.abilities import abilities_of
from mailconsole.changes.links import field_url, show_url
from mailconsole.changes.live import head_number, mark_of
from mailconsole.changes.models import Change, Review, Revision
from mailconsole.changes.papers import papers_of
from mailconsole.changes.services.approvals import approvals_of
from mailconsole.changes.services.end_change import what_is_taken_back
from mailconsole.changes.services.ground import changes_of, digest_of
from mailconsole.changes.services.notices import read_notices
from mailconsole.changes.services.plan import Plan, plan_change
from mailconsole.changes.services.revisions import load_document
from mailconsole.changes.services.submit_change import check_plan
from mailconsole.changes.views.conflicts import clashes_of
from mailconsole.changes.views.impact import impact_context
from mailconsole.changes.views.items import SHOWN_ITEMS, anchor_of, items_of
from mailconsole.changes.views.running import running
from mailconsole.changes.views.unsaid import unsaid
from mailconsole.common.pages import is_following, render_page
from mailconsole.common.refusals import Refusal
from mailconsole.common.templatetags.words import wire
from transport.config.diff import ObjectChange, diff, name_of, object_of
from transport.config.document import MailFlow
from transport.config.merge import Conflict
from transport.config.problem import Problem, Severity
from transport.config.text import as_yaml
from transport.config.words import KIND_LABELS, Sentence, in_words, object_name


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the diff as the page shows it."""

    kind: str
    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem with the field to mend it at, and the place where whoever does not edit it can read it."""

    tone: str
    word: str
    sentence: str
    where: str
    url: str
    read_url: str = ""


@require_safe
def change_detail(request: HttpRequest, pk: int) -> HttpResponse:
    change = get_object_or_404(Change.objects.select_related("author", "base", "prolongs"), pk=pk)
    written: dict[str, str] = {}
    if not is_following(request):
        written = unsaid(request, change)
        read_notices(person=actor_of(request), now=timezone.now(), change=change)
    return render_page(request, "changes/detail.html", detail_context(request, change, written))


def detail_context(request: HttpRequest, change: Change, written: dict[str, str]) -> dict[str, Any]:
    """``written`` is what the person wrote and was not taken."""
    mark, head = mark_of(change), head_number()  # before what the page shows: else it could miss something
    revision = Revision.objects.filter(change=change).select_related("published_by", "parent").first()
    context: dict[str, Any] = {
        "change": change,
        "unsaid": written,
        "mark": mark,
        "head_number": head,
        "can": abilities_of(actor_of(request), change),
        "digest": digest_of(change),
        "revision": revision,
        "talk": talk_of(change),
        "papers": papers_of(change),
        "audit": AuditEntry.objects.filter(object_kind="change", object_id=str(change.pk)).order_by("number"),
    }
    if revision is not None and revision.parent is not None:
        before = load_document(revision.parent)
        done = diff(before, load_document(revision))
        if change.is_to_end:
            context["left"] = [conflict_words(one) for one in what_is_taken_back(change).kept]
        return context | _told(change, done, before) | {"running": running(revision, now=timezone.now())}
    if not change.status.is_open:
        return context | _told(change, changes_of(change), load_document(change.base))
    plan = plan_change(change, now=timezone.now())
    if plan.document is not None and (plan.changes or change.prolongs is not None):
        approvals = approvals_of(change, plan, now=timezone.now())
        context |= {"approvals": approvals, "can": abilities_of(actor_of(request), change, approvals)}
    return context | _told(change, plan.changes, plan.head_document) | _plan_context(request, change, plan, written)


def _plan_context(request: HttpRequest, change: Change, plan: Plan, written: dict[str, str]) -> dict[str, Any]:
    shown = plan.document or plan.head_document
    return {
        "plan": plan,
        "openings": [one for one in plan.openings if one.severity is Severity.WARNING],
        "findings": [finding(one, shown, plan) for one in plan.problems],
        "old_findings": [finding(one, shown, plan) for one in plan.old_problems],
        "conflicts": clashes_of(plan.conflicts, written if written.get("head") == str(plan.head.number) else {}),
        "blocked": _blocked(change, plan),
        "is_behind": change.base_id != plan.head.pk,
        **(impact_context(request, change) if plan.document is not None and plan.changes else {}),
    }


def _blocked(change: Change, plan: Plan) -> str:
    """Why it could neither be submitted nor published now, in the words of the service that would say no."""
    try:
        check_plan(change, plan)
    except Refusal as refusal:
        return str(refusal)
    return ""


def _told(change: Change, changes: tuple[ObjectChange, ...], before: MailFlow) -> dict[str, Any]:
    return {
        "lines": lines_of(changes, before),
        "items": items_of(change, changes[:SHOWN_ITEMS]),
        "item_count": len(changes),
    }


def lines_of(changes: tuple[ObjectChange, ...], before: MailFlow) -> list[Line]:
    """The diff in words, each with its sign."""
    verbs = {(one.kind, one.object_id): one for one in changes}
    return [Line(_sign(sentence, verbs), sentence.parts) for sentence in in_words(changes, before)]


def _sign(sentence: Sentence, changes: dict[tuple[str, str], ObjectChange]) -> str:
    change = changes.get((sentence.kind, sentence.object_id))
    if change is None:
        return "added" if any(" gains " in part.text for part in sentence.parts) else "removed"
    return "added" if change.is_new else "removed" if change.is_deleted else "changed"


def finding(problem: Problem, document: Any, plan: Plan) -> Finding:
    is_error = problem.severity is Severity.ERROR
    name = object_name(document, problem.kind, problem.object_id)
    where = f"{KIND_LABELS.get(problem.kind, '')} {name}".strip()
    return Finding(
        tone="bad" if is_error else "warn",
        word="Error" if is_error else "Warning",
        sentence=problem.sentence,
        where=where,
        url=field_url(problem.kind, problem.object_id, problem.field) if problem.kind else "",
        read_url=_read_url(problem, plan),
    )


def _read_url(problem: Problem, plan: Plan) -> str:
    """The item below, where the change touches the object; else the object's page, where it is published."""
    key = (problem.kind, problem.object_id)
    if key in {(one.kind, one.object_id) for one in plan.changes[:SHOWN_ITEMS]}:
        return f"#{anchor_of(*key)}"
    is_there = problem.kind and object_of(plan.head_document, problem.kind, problem.object_id) is not None
    return show_url(*key) if is_there else ""


def conflict_words(conflict: Conflict) -> dict[str, str]:
    """One conflict for the table: what it is about, and the three values."""
    values = {side: _yaml(getattr(conflict, side)) for side in ("base", "head", "draft")}
    about = f"{KIND_LABELS[conflict.kind]} {conflict.name}" + (f": {conflict.field}" if conflict.field else "")
    return {"about": about, **values}


def _yaml(value: Any) -> str:
    """YAML in which unseen characters are seen (law 8)."""
    return "\n".join(wire(line) for line in as_yaml(value).removesuffix("...\n").splitlines())


def talk_of(change: Change) -> list[dict[str, Any]]:
    """Reviews and comments as one thread for the timeline."""
    said: list[dict[str, Any]] = []
    for review in change.reviews.select_related("reviewer"):
        said.append(_review_step(review))
    names = {
        (item.kind, item.object_id): name_of(item.kind, item.after or item.before or {}, item.object_id)
        for item in change.items.all()
    }
    for comment in change.comments.select_related("author"):
        name = names.get((comment.kind, comment.object_id), comment.object_id)  # an item may have been taken out
        about = f" on {KIND_LABELS.get(comment.kind, '')} {name}" if comment.kind else ""
        said.append({"tone": "info", "title": f"{comment.author} commented{about}", "at": comment.created_at,
                     "text": comment.text})  # fmt: skip
    return sorted(said, key=lambda step: step["at"])


def _review_step(review: Review) -> dict[str, Any]:
    verdict = review.get_verdict_display()
    void = " (void: the change was edited or given back after it)" if review.is_void else ""
    tone = "idle" if review.is_void else "warn" if review.verdict == "changes_requested" else "good"
    return {"tone": tone, "title": f"{review.reviewer}: {verdict}{void}", "at": review.created_at,
            "text": review.comment}  # fmt: skip
