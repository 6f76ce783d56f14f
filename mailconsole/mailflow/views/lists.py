"""The list of a section: one page of its objects, with what is told of each. Nothing here is live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.changes import recorded
from mailconsole.common.pages import page_of, render_page
from mailconsole.mailflow.drafts import Seen, seen_by
from mailconsole.mailflow.editable import may_edit
from mailconsole.mailflow.kinds.kind import Kind
from mailconsole.mailflow.kinds.table import KINDS
from mailconsole.mailflow.named import names_in
from mailconsole.mailflow.order import HITS, STATE, Order, Pair
from mailconsole.mailflow.row import Row
from mailconsole.mailflow.told import Idle, Told, idle_in, told_of
from transport.config.objects import ConfigModel

MOVES = (("up", "Move up", "arrow-up"), ("down", "Move down", "arrow-down"))


@require_safe
def object_list(request: HttpRequest, kind: str) -> HttpResponse:
    page_kind, seen, now = KINDS[kind], seen_by(request.user), timezone.now()
    query = request.GET.get("q", "").strip().lower()
    order = Order.asked(page_kind, request.GET.get("sort", ""))
    found = [pair for pair in seen.objects(kind).items() if _matches(pair[1], query)]
    idle = idle_in(page_kind, seen, now)
    page = page_of(request, _sorted(order, seen, found, idle, now))
    told = told_of(page_kind, seen, [key for key, _ in page.object_list], now=now, idle=idle)
    page.object_list = [_row(page_kind, seen, key, item, told) for key, item in page.object_list]
    context = {"kind": page_kind, "page": page, "query": query, "draft": seen.draft, "counted_since": told.since,
               "moves": MOVES, "editable": may_edit(request.user, kind), "order": order}  # fmt: skip
    return render_page(request, "mailflow/list.html", context, fragment="mailflow/_rows.html")


def _matches(item: ConfigModel, query: str) -> bool:
    return not query or query in " ".join(str(value) for value in item.__dict__.values()).lower()


def _sorted(order: Order, seen: Seen, found: Sequence[Pair], idle: Idle, now: datetime) -> list[Pair]:
    """All that was found, in the order; rows are made of what is shown only."""
    if order.column == HITS:
        return order.by_hits(found, recorded.uses(order.kind.name, None, now=now).by_id)
    if order.column == STATE:
        return order.by_state(found, partial(seen.mark, order.kind.name), idle)
    return order.sorted_objects(found, partial(_shown, order.kind, seen))


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
