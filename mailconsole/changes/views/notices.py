"""The bell: what waits for a person, what they were told, and whether that comes by mail too."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mailconsole.accounts.views.people import actor_of
from mailconsole.changes.frame import waiting
from mailconsole.changes.live import mark_of_all
from mailconsole.changes.models import Change, MailWish, Notice, WebhookCall
from mailconsole.changes.services.notices import read_notices, wish_mail
from mailconsole.changes.services.waiting import waiting_for
from mailconsole.common.pages import page_of, render_page
from mailconsole.common.refusals import Refusal


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    person, mark = actor_of(request), mark_of_all()  # before what the page shows: else it could miss something
    told = Notice.objects.filter(person=person).select_related("change")
    context = {
        "mark": mark,
        "waiting": waiting_for(person).select_related("author").order_by("-updated_at")[:50],
        "page": page_of(request, told),
        "calls": WebhookCall.objects.all()[:10],
        "wish": MailWish.objects.filter(person=person).first(),
    }
    return render_page(request, "changes/notices.html", context, fragment="changes/_notices.html")


@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """The bell alone, asked for again and again by every page."""
    return render(request, "changes/_waiting.html", waiting(request))


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    read_notices(person=actor_of(request), now=timezone.now())
    return redirect("changes:notices")


@require_POST
def read_of_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Of a change whose page brought news by itself, once somebody is there."""
    read_notices(person=actor_of(request), now=timezone.now(), change=get_object_or_404(Change, pk=pk))
    return HttpResponse(status=204)


@require_POST
def mail(request: HttpRequest) -> HttpResponse:
    is_wanted = request.POST.get("wanted") == "yes"
    try:
        wish_mail(person=actor_of(request), is_wanted=is_wanted, now=timezone.now(), request=request)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Notices come by mail too." if is_wanted else "Notices come here only.")
    return redirect("changes:notices")
