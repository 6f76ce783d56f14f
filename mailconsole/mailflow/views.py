"""Lists, forms and details of mail flow, one set for all sections. Forms stage into a draft; nothing here is live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.accounts.views.people import actor_of
from mailconsole.changes import recorded
from mailconsole.changes.links import show_url
from mailconsole.changes.models import Change
from mailconsole.changes.refusals import InvalidObject
from mailconsole.changes.services.account_password import has_password, make_account_password
from mailconsole.changes.services.also_edited import also_edited
from mailconsole.changes.services.keep_form import discard_kept
from mailconsole.changes.services.stage_item import ACCOUNTS
from mailconsole.changes.services.times import ending
from mailconsole.common.pages import page_of, render_page
from mailconsole.common.refusals import Refusal
from mailconsole.mailflow import rule_page
from mailconsole.mailflow.drafts import Mark, Seen, seen_by
from mailconsole.mailflow.editable import check_editable, may_edit
from mailconsole.mailflow.fields import capital
from mailconsole.mailflow.forms import PASSWORD, ObjectForm
from mailconsole.mailflow.kept import opened
from mailconsole.mailflow.kinds.kind import Kind
from mailconsole.mailflow.kinds.table import KINDS
from mailconsole.mailflow.pieces import Focus, PiecesField
from mailconsole.mailflow.prefill import prefilled
from mailconsole.mailflow.reached import certificates_shown, limits_reached
from mailconsole.mailflow.services.move_rule import move_rule
from mailconsole.mailflow.services.stage_object import stage_object
from mailconsole.nodes.snapshots import read_live
from transport.config.diff import ORGANIZATION, Json, as_json
from transport.config.objects import ConfigModel, IpListEntry, MailFlowRule, RelayPolicy, RuleMode, ServiceAccount
from transport.config.phrases import label, show
from transport.config.references import Reference, is_named_by_others, used_by
from transport.rules import coverage, ip_filter

SHOWN_REFERENCES = 50
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
    use: recorded.Use | None
    idle_because: str
    ending: Change | None = None


@require_safe
def object_list(request: HttpRequest, kind: str) -> HttpResponse:
    page_kind, seen = KINDS[kind], seen_by(request.user)
    query = request.GET.get("q", "").strip().lower()
    order = _by_place if page_kind.is_ordered else _by_name
    found = [(key, item) for key, item in sorted(seen.objects(kind).items(), key=order) if _matches(item, query)]
    page = page_of(request, found)
    uses = recorded.uses(kind, now=timezone.now())
    ends = ending(kind)
    page.object_list = [_row(page_kind, seen, key, item, uses, ends.get(key)) for key, item in page.object_list]
    context = {"kind": page_kind, "page": page, "query": query, "draft": seen.draft, "total": len(seen.objects(kind)),
               "counted_since": uses.since, "moves": MOVES, "editable": may_edit(request.user, kind)}  # fmt: skip
    return render_page(request, "mailflow/list.html", context, fragment="mailflow/_rows.html")


def _by_name(pair: tuple[str, ConfigModel]) -> str:
    return str(getattr(pair[1], "name", pair[0])).casefold()


def _by_place(pair: tuple[str, Any]) -> tuple[int, str]:
    return pair[1].priority, _by_name(pair)


def _matches(item: ConfigModel, query: str) -> bool:
    return not query or query in " ".join(str(value) for value in item.__dict__.values()).lower()


def _row(kind: Kind, seen: Seen, object_id: str, item: Any, uses: recorded.ObjectUses, ends: Change | None) -> Row:
    return Row(
        object_id=object_id,
        name=getattr(item, "name", object_id),
        comment="" if kind.is_list else item.comment,
        cells=[cell(item) for _, cell in kind.columns],
        mark=seen.mark(kind.name, object_id),
        is_enabled=getattr(item, "is_enabled", True),
        use=uses.by_id.get(object_id),
        idle_because=_idle_because(seen, item),
        ending=ends,
    )


def _idle_because(seen: Seen, item: Any) -> str:
    """Why it can't decide anything, where that can be told."""
    if isinstance(item, MailFlowRule):
        return rule_page.why_never(seen, item, timezone.now())
    if isinstance(item, IpListEntry):
        return ip_filter.why_over(item, now=timezone.now())
    if not isinstance(item, RelayPolicy):
        return ""
    return coverage.idle_because(item, seen.document.relay_policies, now=timezone.now())


@require_safe
def object_detail(request: HttpRequest, kind: str, object_id: str) -> HttpResponse:
    seen = seen_by(request.user)
    item = _object(seen, kind, object_id)
    value = as_json(item)
    context = {
        "kind": KINDS[kind],
        "object_id": object_id,
        "name": value.get("name", object_id),
        "groups": _facts(KINDS[kind], value),
        "has_password": has_password(value["password_secret"]) if KINDS[kind].is_password_made else None,
        "mark": seen.mark(kind, object_id),
        "draft": seen.draft,
        "idle_because": _idle_because(seen, item),
        "ending": ending(kind).get(object_id),
        "editable": may_edit(request.user, kind, object_id, value),
    }
    if KINDS[kind].is_password_made:
        context["last_use"] = recorded.last_use(value["username"])
    if is_named_by_others(kind):
        context["references"] = [_referring(one) for one in used_by(seen.document, kind, item, limit=SHOWN_REFERENCES)]
        context["shown_references"] = SHOWN_REFERENCES
    if KINDS[kind].is_counted:
        uses = recorded.uses(kind, now=timezone.now())
        context |= {"use": uses.by_id.get(object_id), "counted_since": uses.since}
    if kind == rule_page.RULES:
        context |= {"rule": rule_page.told(value), "is_test": value["mode"] != RuleMode.ENFORCE}
    if kind == "receive_connectors":
        live = read_live()
        context |= {
            "live": live,
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


def _facts(kind: Kind, value: Json) -> list[tuple[str, list[tuple[str, str]]]]:
    """The object's fields in the groups of its form, so that what is read is found again where it is edited."""
    grouped = {name for group in kind.groups for name in group.fields}
    groups = [(group.title, tuple(n for n in group.fields if n not in kind.told_apart)) for group in kind.groups]
    groups.append(("More settings", tuple(name for name in value if name not in grouped | {"password_secret"})))
    facts = [(title, [(capital(label(name)), _shown(name, value[name])) for name in names if name in value])
             for title, names in groups]  # fmt: skip
    return [(title, pairs) for title, pairs in facts if pairs]


def _shown(name: str, said: Any) -> str:
    """Empty for nothing: the page shows that in its own way."""
    text = show(name, said)
    return "" if text == "nothing" else text


def _object(seen: Seen, kind: str, object_id: str) -> ConfigModel:
    found = seen.objects(kind).get(object_id)
    if found is None:
        raise Http404(object_id)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.EDITOR)
def object_create(request: HttpRequest, kind: str) -> HttpResponse:
    """A new object; a relay policy may come filled in by the address, as from the Refusals page."""
    check_editable(request.user, kind)
    given = prefilled(kind, request.GET)
    value = ObjectForm.defaults(KINDS[kind]) | given
    if KINDS[kind].is_ordered:
        value["priority"] = rule_page.next_place(seen_by(request.user))
    form = ObjectForm(KINDS[kind], value, request.POST or None)
    if "add" in request.POST or "remove" in request.POST:
        return _rearranged(request, form, "", {})
    title = request.POST.get("title") or request.GET.get("title", "")
    return _stage_or_show(request, form, "", {}, title=title, is_apart=bool(given) and "keeps" not in request.POST)


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.EDITOR)
def object_edit(request: HttpRequest, kind: str, object_id: str) -> HttpResponse:
    value = as_json(_object(seen_by(request.user), kind, object_id))
    check_editable(request.user, kind, object_id, value)
    form = ObjectForm(KINDS[kind], value, request.POST or None)
    if "add" in request.POST or "remove" in request.POST:
        return _rearranged(request, form, object_id, value)
    return _stage_or_show(request, form, object_id, value)


@require_http_methods(["GET", "HEAD", "POST"])
def organization(request: HttpRequest) -> HttpResponse:
    """Shown to everybody, edited by editors."""
    if not may_edit(request.user, ORGANIZATION).is_so and request.method != "POST":
        return object_detail(request, ORGANIZATION, ORGANIZATION)
    return object_edit(request, ORGANIZATION, ORGANIZATION)


def _stage_or_show(
    request: HttpRequest, form: ObjectForm, object_id: str, was: Json, *, title: str = "", is_apart: bool = False
) -> HttpResponse:
    """``is_apart``: the address filled the form in, so that what is kept of another beginning is not put over it."""
    if form.is_valid():
        said = form.said
        if PASSWORD in form.fields:
            said = said | {"password_secret": was.get("password_secret", "") if said.get("username") else ""}
        try:
            change = stage_object(
                actor=actor_of(request),
                kind=form.kind.name,
                object_id=object_id,
                after=said,
                title=title,
                password=form.cleaned_data.get(PASSWORD, ""),
                now=timezone.now(),
                request=request,
            )
        except InvalidObject as refusal:
            form.tell(refusal)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            if not is_apart:
                discard_kept(person=actor_of(request), kind=form.kind.name, object_id=object_id)
            messages.success(request, f"Staged in your draft “{change.title}”. Nothing of it is in effect yet.")
            return redirect("changes:detail", change.pk)
    seen = seen_by(request.user)
    form, keeping = opened(actor_of(request), form, object_id, was, is_apart=is_apart, now=timezone.now())
    form.knows(seen.document)
    context = {"kind": form.kind, "form": form, "object_id": object_id, "name": was.get("name", object_id),
               "draft": seen.draft, "title": title, "keeping": keeping,
               "others": also_edited(actor_of(request), form.kind.name, object_id),
               "editable": may_edit(request.user, form.kind.name)}  # fmt: skip
    return render_page(request, "mailflow/form.html", context, status=422 if form.errors else 200)


def _rearranged(request: HttpRequest, form: ObjectForm, object_id: str, was: Json) -> HttpResponse:
    """A row was added or taken away: the rows, or the whole page where htmx did not ask. Nothing is staged."""
    name = request.POST.get("add") or request.POST.get("remove", "").partition("-")[0]
    if not isinstance(form.fields.get(name), PiecesField):
        raise Http404(name)
    seen = seen_by(request.user)
    shown = form.rearranged(request.POST).knows(seen.document)
    shown.fields[name].widget.focus = Focus.LAST_ROW if "add" in request.POST else Focus.CHOICE
    if getattr(request, "htmx", None):
        # The form listens to "keep" as to a keystroke: the rows are part of what is typed.
        return HttpResponse(shown[name].as_widget(), headers={"HX-Trigger": "keep"})
    context = {"kind": form.kind, "form": shown, "object_id": object_id, "name": was.get("name", object_id),
               "draft": seen.draft, "title": request.POST.get("title", "")}  # fmt: skip
    return render_page(request, "mailflow/form.html", context)


@require_POST
@require_role(Role.EDITOR)
def rule_move(request: HttpRequest, object_id: str) -> HttpResponse:
    """One place up or down, staged like any edit."""
    direction = request.POST.get("direction")
    if direction not in ("up", "down"):
        raise Http404(direction)
    try:
        change = move_rule(actor=actor_of(request), rule_id=object_id, is_up=direction == "up", now=timezone.now(),
                           request=request)  # fmt: skip
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        if change is not None:
            messages.success(request, f"The new order is staged in your draft “{change.title}”.")
    return redirect("mailflow:mail-flow-rule-list")


@never_cache
@require_POST
@require_role(Role.EDITOR)
def account_password(request: HttpRequest, object_id: str) -> HttpResponse:
    """Make one; shown in the answer to the POST and kept nowhere: neither session nor log nor address holds it."""
    account = _object(seen_by(request.user), ACCOUNTS, object_id)
    assert isinstance(account, ServiceAccount)
    try:
        password = make_account_password(
            actor=actor_of(request),
            secret=account.password_secret,
            account=account.name,
            now=timezone.now(),
            request=request,
        )
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("mailflow:service-account-show", object_id)
    return render(request, "mailflow/account_password.html", {"account": account, "password": password})


@require_POST
@require_role(Role.EDITOR)
def object_delete(request: HttpRequest, kind: str, object_id: str) -> HttpResponse:
    """Stage the deletion."""
    try:
        change = stage_object(
            actor=actor_of(request),
            kind=kind,
            object_id=object_id,
            after=None,
            now=timezone.now(),
            request=request,
        )
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect(f"mailflow:{KINDS[kind].stem}-list")
    messages.success(request, f"Its deletion is staged in your draft “{change.title}”. Nothing of it is in effect yet.")
    return redirect("changes:detail", change.pk)
