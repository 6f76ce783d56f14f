"""One object: its fields in the groups of its form, what it does, and what names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.changes import recorded
from mailconsole.changes.links import show_url
from mailconsole.changes.services.account_password import has_password
from mailconsole.changes.services.group_members import members_of
from mailconsole.common.pages import render_page
from mailconsole.mailflow import rule_page, units
from mailconsole.mailflow.drafts import found_or_404, seen_by
from mailconsole.mailflow.editable import may_edit
from mailconsole.mailflow.fields import capital
from mailconsole.mailflow.forms import ObjectForm
from mailconsole.mailflow.kinds.kind import Kind
from mailconsole.mailflow.kinds.table import KINDS
from mailconsole.mailflow.named import names_in
from mailconsole.mailflow.reached import certificates_shown, limits_reached
from mailconsole.mailflow.told import told_of
from mailconsole.nodes.snapshots import read_live
from transport.config.diff import Json, as_json
from transport.config.field_words import is_limit
from transport.config.objects import ReceiveConnector, ReviewerGroup, RuleMode
from transport.config.phrases import label, show
from transport.config.references import Reference, is_named_by_others, used_by
from transport.rules.size_limits import effective

SHOWN_REFERENCES = 50


@require_safe
def object_detail(request: HttpRequest, kind: str, object_id: str) -> HttpResponse:
    seen = seen_by(request.user)
    item = found_or_404(seen, kind, object_id)
    value = as_json(item)
    named = {field: list(names) for field, names in names_in(kind, item, seen.document).items()}
    told = told_of(KINDS[kind], seen, [object_id], now=timezone.now())
    context = {
        "kind": KINDS[kind],
        "object_id": object_id,
        "name": value.get("name", object_id),
        "groups": _facts(KINDS[kind], value | named),
        "has_password": has_password(value["password_secret"]) if KINDS[kind].is_password_made else None,
        "mark": seen.mark(kind, object_id),
        "draft": seen.draft,
        "idle_because": told.idle_because(item),
        "ending": told.endings.get(object_id),
        "editable": may_edit(request.user, kind, object_id, value),
    }
    if KINDS[kind].is_password_made:
        context["last_use"] = recorded.last_use(value["username"])
    if is_named_by_others(kind):
        context["references"] = [_referring(one) for one in used_by(seen.document, kind, item, limit=SHOWN_REFERENCES)]
        context["shown_references"] = SHOWN_REFERENCES
    if KINDS[kind].is_counted:
        context |= {"use": told.uses.get(object_id), "counted_since": told.since}
    if kind == rule_page.RULES:
        context |= {"rule": rule_page.told(value), "is_test": value["mode"] != RuleMode.ENFORCE}
    if isinstance(item, ReviewerGroup):
        context["members"] = members_of([item])[item.id]
    if isinstance(item, ReceiveConnector):
        live = read_live()
        context |= {
            "live": live,
            "sizes": effective(seen.document.organization, item),
            "limits": limits_reached(live, object_id),
            "shown": certificates_shown(live, object_id),
        }
    return render_page(request, "mailflow/detail.html", context)


def _referring(reference: Reference) -> dict[str, str]:
    return {
        "kind": KINDS[reference.kind].singular,
        "name": reference.name,
        "field": capital(label(reference.field)),
        "url": show_url(reference.kind, reference.object_id),
    }


@dataclass(frozen=True, slots=True)
class Fact:
    """One field as it is read; ``value`` is empty for nothing: the page shows that in its own way."""

    term: str
    value: str
    is_default: bool


def _facts(kind: Kind, value: Json) -> list[tuple[str, list[Fact]]]:
    """The object's fields in the groups of its form, so that what is read is found again where it is edited."""
    grouped = {name for group in kind.groups for name in group.fields}
    groups = [(group.title, tuple(n for n in group.fields if n not in kind.told_apart)) for group in kind.groups]
    groups.append(("More settings", tuple(name for name in value if name not in grouped | {"password_secret"})))
    defaults = ObjectForm.defaults(kind)
    facts = [(title, [_fact(kind, name, value[name], defaults) for name in names if name in value])
             for title, names in groups]  # fmt: skip
    return [(title, pairs) for title, pairs in facts if pairs]


def _fact(kind: Kind, name: str, said: Any, defaults: Json) -> Fact:
    return Fact(capital(label(name)), _shown(kind, name, said), name in defaults and defaults[name] == said)


_ORGANISATIONS = {("recipients", "max_send_size"), ("recipients", "recipient_limits")}


def _shown(kind: Kind, name: str, said: Any) -> str:
    if said is None and (kind.name, name) in _ORGANISATIONS:
        return "the organisation's"
    if said is None and is_limit(name):
        return "the connector's" if (kind.name, name) == ("relay_policies", "max_message_size") else "unlimited"
    text, unit = show(name, said), units.of(name)
    return "" if text == "nothing" else f"{text} {unit}".rstrip()
