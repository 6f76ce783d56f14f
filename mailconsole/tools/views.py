"""The pages of tools."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.accounts.access import user_has_role
from mailconsole.accounts.roles import Role
from mailconsole.changes import recorded
from mailconsole.changes.services.explain import explain
from mailconsole.changes.services.explanation import Explanation
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.under import under
from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.tools.forms import ExplainForm


@require_safe
def explain_page(request: HttpRequest) -> HttpResponse:
    """Ask the rules about an attempt; no mail is sent anywhere; lists in DNS may be asked."""
    head = head_revision()
    form = ExplainForm(request.GET or None, document=load_document(head), head=head.number)
    context: dict[str, object] = {"form": form, "explanation": None, "problem": ""}
    if form.is_valid():
        try:
            context["explanation"] = _explained(form, user_has_role(request.user, Role.ADMINISTRATOR))
        except Refusal as refused:
            context["problem"] = str(refused)
    return render_page(request, "tools/explain.html", context)


def _explained(form: ExplainForm, shows_hidden: bool) -> Explanation:
    """Under any revision, or under a draft as it stands now. Raises Refusal where the draft can't be read."""
    ground = under(form.cleaned_data["under"])
    return explain(
        form.question,
        document=ground.document,
        revision=ground.revision,
        directory=form.directory_answer,
        finds=recorded.directory(),
        owns=recorded.owners(),
        now=form.cleaned_data["at"] or timezone.now(),
        shows_hidden=shows_hidden,
        lists=form.list_source,
    )
