"""The list of a section: one page of its objects, with what is told of each. Nothing here is live."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.common.pages import page_of, render_page
from mailconsole.mailflow.drafts import Seen, seen_by
from mailconsole.mailflow.editable import may_edit
from mailconsole.mailflow.kinds.kind import Kind
from mailconsole.mailflow.kinds.table import KINDS
from mailconsole.mailflow.named import names_in
from mailconsole.mailflow.order import Order
from mailconsole.mailflow.row import Row
from mailconsole.mailflow.told import Told, told_of
from transport.config.objects import ConfigModel

MOVES = (("up", "Move up", "arrow-up"), ("down", "Move down", "arrow-down"))


@require_safe
def object_list(request: HttpRequest, kind: str) -> HttpResponse:
    page_kind, seen, now = KINDS[kind], seen_by(request.user), timezone.now()
    query = request.GET.get("q", "").strip().lower()
    order = Order.asked(page_kind, request.GET.get("sort", ""))
    found = [pair for pair in seen.objects(kind).items() if _matches(pair[1], query)]
    if order.needs_told:
        told = told_of(page_kind, seen, [key for key, _ in found], now=now)
        rows = order.sorted([_row(page_kind, seen, key, item, told) for key, item in found])
        page = page_of(request, rows)
    else:
        page = page_of(request, order.sorted_objects(found, partial(_shown, page_kind, seen)))
        told = told_of(page_kind, seen, [key for key, _ in page.object_list], now=now)
        page.object_list = [_row(page_kind, seen, key, item, told) for key, item in page.object_list]
    context = {"kind": page_kind, "page": page, "query": query, "draft": seen.draft, "counted_since": told.since,
               "moves": MOVES, "editable": may_edit(request.user, kind), "order": order}  # fmt: skip
    return render_page(request, "mailflow/list.html", context, fragment="mailflow/_rows.html")


def _matches(item: ConfigModel, query: str) -> bool:
    return not query or query in " ".join(str(value) for value in item.__dict__.values()).lower()


def _shown(kind: Kind, seen: Seen, item: Any) -> Any:
    """The item with what it names by id called by its name."""
    named = names_in(kind.name, item, seen.document)
    return item.model_copy(update=named) if named else item


def _row(kind: Kind, seen: Seen, object_id: str, item: Any, told: Told) -> Row:
    shown = _shown(kind, seen, item)
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
