"""The list of a section: one page of its objects, with what is told of each. Nothing here is live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.changes.models import Change
from mailconsole.changes.recorded import Use
from mailconsole.common.pages import page_of, render_page
from mailconsole.mailflow.drafts import Mark, Seen, seen_by
from mailconsole.mailflow.editable import may_edit
from mailconsole.mailflow.kinds.kind import Kind
from mailconsole.mailflow.kinds.table import KINDS
from mailconsole.mailflow.named import names_in
from mailconsole.mailflow.told import Told, told_of
from transport.config.objects import ConfigModel

MOVES = (("up", "Move up", "arrow-up"), ("down", "Move down", "arrow-down"))


@dataclass(frozen=True, slots=True)
class Row:
    """One object in a list."""

    object_id: str
    name: str
    comment: str
    cells: list[str]
    mark: Mark
    is_enabled: bool
    use: Use | None
    idle_because: str
    ending: Change | None = None


@require_safe
def object_list(request: HttpRequest, kind: str) -> HttpResponse:
    page_kind, seen = KINDS[kind], seen_by(request.user)
    query = request.GET.get("q", "").strip().lower()
    order = _by_place if page_kind.is_ordered else _by_name
    found = [pair for pair in seen.objects(kind).items() if _matches(pair[1], query)]
    page = page_of(request, sorted(found, key=order))
    told = told_of(page_kind, seen, [key for key, _ in page.object_list], now=timezone.now())
    page.object_list = [_row(page_kind, seen, key, item, told) for key, item in page.object_list]
    context = {"kind": page_kind, "page": page, "query": query, "draft": seen.draft, "counted_since": told.since,
               "moves": MOVES, "editable": may_edit(request.user, kind)}  # fmt: skip
    return render_page(request, "mailflow/list.html", context, fragment="mailflow/_rows.html")


def _by_name(pair: tuple[str, ConfigModel]) -> str:
    return str(getattr(pair[1], "name", pair[0])).casefold()


def _by_place(pair: tuple[str, Any]) -> tuple[int, str]:
    return pair[1].priority, _by_name(pair)


def _matches(item: ConfigModel, query: str) -> bool:
    return not query or query in " ".join(str(value) for value in item.__dict__.values()).lower()


def _row(kind: Kind, seen: Seen, object_id: str, item: Any, told: Told) -> Row:
    named = names_in(kind.name, item, seen.document)
    shown = item.model_copy(update=named) if named else item
    return Row(
        object_id=object_id,
        name=getattr(item, "name", object_id),
        comment="" if kind.is_list else item.comment,
        cells=[cell(shown) for _, cell in kind.columns],
        mark=seen.mark(kind.name, object_id),
        is_enabled=getattr(item, "is_enabled", True),
        use=told.uses.get(object_id),
        idle_because=told.idle_because(item),
        ending=told.endings.get(object_id),
    )
