"""The pages of tools."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.accounts.access import user_has_role
from mailconsole.accounts.roles import Role
from mailconsole.changes import recorded
from mailconsole.changes.recorded import RecordedRefusal
from mailconsole.changes.services.explain import explain
from mailconsole.changes.services.explanation import Explanation
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.under import under
from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.nodes.services import known_nodes
from mailconsole.tools.forms import ExplainForm
from transport.model.verdict import Stage


@require_safe
def explain_page(request: HttpRequest) -> HttpResponse:
    """Ask the rules about an attempt; no mail is sent anywhere; lists in DNS may be asked."""
    head = head_revision()
    form = ExplainForm(request.GET or None, document=load_document(head), head=head.number)
    context: dict[str, object] = {"form": form, "explanation": None, "problem": ""}
    if form.is_valid():
        try:
            explanation = _explained(form, user_has_role(request.user, Role.ADMINISTRATOR))
            context |= {"explanation": explanation, "then": _then(form, explanation)}
        except Refusal as refused:
            context["problem"] = str(refused)
    return render_page(request, "tools/explain.html", context)


@dataclass(frozen=True, slots=True)
class Then:
    """What the attempt that was asked about got; ``why_otherwise`` where the rules alone can't say that again."""

    refusal: RecordedRefusal
    why_otherwise: str = ""


_NOT_ASKED_AGAIN = {
    Stage.AUTH: "A password, or how often it was wrong, decided that. Neither is recorded.",
    Stage.DATA: "What the message said decided that, which is not recorded: give its header, and it is examined too. "
    "Its body is not.",
    Stage.SESSION: "What happened in the session decided that, and no rule alone can say it again.",
}


_LIMITS = "Limits that the client had reached, and what directory or DNS said then, are not asked again."


def _then(form: ExplainForm, explanation: Explanation) -> Then | None:
    """None where the form was not filled in from a refusal, asks about something else now, or that is not kept."""
    said = form.cleaned_data
    found = recorded.refusal(said["refusal"]) if said["refusal"] else None
    if found is None or (found.peer, found.sender, found.recipient) != (
        said["peer"],
        said["sender"],
        said["recipient"],
    ):
        return None
    is_same = explanation.verdict.reply is not None and str(explanation.verdict.reply) == found.reply
    usual = _LIMITS if said["at"] else ""  # now, under other rules, another answer is no wonder
    return Then(found, "" if is_same else _NOT_ASKED_AGAIN.get(found.stage, usual))


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
        nodes=[one.name for one in known_nodes()],
        now=form.cleaned_data["at"] or timezone.now(),
        shows_hidden=shows_hidden,
        lists=form.list_source,
    )
