"""Lists of changes: one's own, those to review, all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from mailconsole.accounts.views.people import actor_of
from mailconsole.changes.live import mark_of_all
from mailconsole.changes.models import Change
from mailconsole.changes.services.waiting import waiting_for
from mailconsole.changes.states import ChangeState
from mailconsole.common.pages import page_of, render_page


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    url: str
    is_current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: its name in the address, label, and what it says when it is empty."""

    name: str
    label: str
    empty_title: str
    empty_text: str


LISTINGS = {
    one.name: one
    for one in (
        Listing("mine", "My changes", "You have no open change",
                "Edit something under Mail flow: that begins a draft, and it is listed here."),
        Listing("review", "To review", "Nothing waits for you",
                "Changes of others that ask for a review, and approved ones to be published, are listed here."),
        Listing("all", "All changes", "No change was ever made", "Edit something under Mail flow: that begins one."),
    )
}  # fmt: skip


@require_safe
def change_list(request: HttpRequest, name: str = "mine") -> HttpResponse:
    if name not in LISTINGS:
        raise Http404(name)
    mark = mark_of_all()  # before what the list shows: else it could miss something
    rows = _rows(request, name).select_related("author").annotate(item_count=Count("items")).order_by("-updated_at")
    context = {"listing": LISTINGS[name], "tabs": _tabs(request, name), "page": page_of(request, rows), "mark": mark}
    return render_page(request, "changes/list.html", context, fragment="changes/_list.html")


def _rows(request: HttpRequest, name: str) -> QuerySet[Change]:
    actor = actor_of(request)
    if name == "mine":
        closed = [ChangeState.PUBLISHED, ChangeState.WITHDRAWN]
        return Change.objects.filter(author=actor).exclude(Q(state__in=closed))
    return waiting_for(actor) if name == "review" else Change.objects.all()


def _tabs(request: HttpRequest, current: str) -> list[Any]:
    tabs = [Tab(one.label, reverse("changes:list-of", args=[one.name]), one.name == current,
                _rows(request, one.name).count()) for one in LISTINGS.values()]  # fmt: skip
    return [*tabs, Tab("History", reverse("changes:history"), False)]
