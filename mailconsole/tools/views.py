"""The pages of tools."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.changes import recorded
from mailconsole.changes.models import Change, Revision
from mailconsole.changes.services.plan import draft_document
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.tools.forms import ExplainForm
from mailconsole.tools.services.explain import Explanation, explain
from transport.config.document import MailFlow


@require_safe
def explain_page(request: HttpRequest) -> HttpResponse:
    """Ask the rules about an attempt; nothing is sent anywhere."""
    head = head_revision()
    document = load_document(head)
    form = ExplainForm(request.GET or None, document=document, head=head.number)
    context: dict[str, object] = {"form": form, "explanation": None, "problem": ""}
    if form.is_valid():
        try:
            context["explanation"] = _explained(form, document, head)
        except Refusal as refused:
            context["problem"] = str(refused)
    return render_page(request, "tools/explain.html", context)


def _explained(form: ExplainForm, document: MailFlow, head: Revision) -> Explanation:
    """Under the head, or under a draft as it stands now. Raises Refusal where the draft can't be read."""
    change = Change.objects.filter(pk=form.cleaned_data["under"] or 0).first()
    return explain(
        form.question,
        document=draft_document(change) if change is not None else document,
        revision=head.number,
        directory=form.directory_answer,
        finds=recorded.directory(),
        now=timezone.now(),
    )
