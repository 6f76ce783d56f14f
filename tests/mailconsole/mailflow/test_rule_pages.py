"""Pages of mail flow rules: rows that come and go, errors at the field, the order, and what stands there in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from mailconsole.changes.models import ChangeItem
from mailconsole.changes.services.revisions import head_revision, load_document, lock_head, store_revision
from mailconsole.changes.states import Way
from tests.support.factories import create_editor, create_viewer, signed_in
from transport.config.document import MailFlow

pytestmark = pytest.mark.django_db
CREATE = "mailflow:mail-flow-rule-create"
FORM = {
    "name": "No programs",
    "mode": "Enforce",
    "priority": "0",
    "is_enabled": "on",
    "set_audit_severity": "NotSpecified",
    "sender_address_location": "Header",
    "rule_error_action": "Ignore",
    "conditions-0-kind": "HeaderMatchesPatterns",
    "conditions-0-header": "X-App",
    "conditions-0-values": "^a{1,3}$\nb",
    "conditions-3-kind": "FromScope",
    "conditions-3-values": ["NotInOrganization"],
    "exceptions-0-kind": "SenderDomainIs",
    "exceptions-0-values": "contoso.com, fabrikam.com",
    "actions-0-kind": "RejectMessage",
    "actions-0-status": "5.7.900",
    "actions-0-text": "No programs",
}
PREPEND = [{"kind": "PrependSubject", "text": "[E]"}]
SHOUT = {"id": "shout", "name": "Shout", "actions": PREPEND, "stop_rule_processing": True}


def publish_document(**sections: Any) -> None:
    document = load_document(head_revision())
    document = MailFlow.model_validate(document.model_dump(mode="json") | sections)
    with transaction.atomic():
        store_revision(head=lock_head(), document=document, way=Way.INITIAL, now=timezone.now())


@pytest.fixture
def browser():
    return signed_in(create_editor())


def rule(name: str, **fields: Any) -> dict[str, Any]:
    return SHOUT | {"id": name.lower(), "name": name} | fields


def staged() -> dict[str, Any]:
    return {item.object_id: item.after for item in ChangeItem.objects.all()}


def test_create__rows_of_all_three_kinds__are_staged(browser):
    answer = browser.post(reverse(CREATE), FORM)
    assert answer.status_code == 302, answer.content.decode()
    after = staged()["no-programs"]
    assert after["conditions"] == [
        {"kind": "HeaderMatchesPatterns", "header": "X-App", "values": ["^a{1,3}$", "b"]},
        {"kind": "FromScope", "header": "", "values": ["NotInOrganization"]},
    ]
    assert after["exceptions"][0]["values"] == ["contoso.com", "fabrikam.com"]
    assert after["actions"][0]["status"] == "5.7.900"


def test_create__manager_as_recipient__is_chosen_once_and_told_in_words(browser):
    chosen = {"actions-0-kind": "AddManagerAsRecipientType", "actions-0-values": "Redirect"}
    given = {name: value for name, value in FORM.items() if not name.startswith("actions-")} | chosen
    page = browser.post(reverse(CREATE), given | {"actions-1-kind": "AddManagerAsRecipientType",
                                                  "actions-1-values": "To"})  # fmt: skip
    assert "AddManagerAsRecipientType can be there once" in page.content.decode()
    assert browser.post(reverse(CREATE), given).status_code == 302
    assert staged()["no-programs"]["actions"][0]["values"] == ["Redirect"]
    page = browser.get(reverse("mailflow:mail-flow-rule-list")).content.decode()
    assert "to the sender&#x27;s manager instead of its recipients" in page


def test_create__pattern_and_status_that_are_wrong__are_told_at_their_fields(browser):
    page = browser.post(reverse(CREATE), FORM | {"conditions-0-values": "(a", "actions-0-status": "5.1.1"})
    assert page.status_code == 422
    told = page.context["form"].errors
    assert "Line 1" in told["conditions"][0] and "does not close" in told["conditions"][0]
    assert "no status of a rule" in told["actions"][0]
    assert "(a" in page.content.decode()
    assert not staged()


def test_create__pairs_of_groups__are_one_a_line_and_told_in_words(browser):
    pairs = "sales@contoso.com,legal@contoso.com\nboard@contoso.com, all@contoso.com"
    asked = {"conditions-0-kind": "BetweenMemberOf", "conditions-0-header": ""}
    page = browser.post(reverse(CREATE), FORM | asked | {"conditions-0-values": "sales@contoso.com"})
    assert "must be two groups" in page.context["form"].errors["conditions"][0]
    assert "one pair a line" in page.content.decode()
    assert browser.post(reverse(CREATE), FORM | asked | {"conditions-0-values": pairs}).status_code == 302
    values = staged()["no-programs"]["conditions"][0]["values"]
    assert values == ["sales@contoso.com, legal@contoso.com", "board@contoso.com, all@contoso.com"]


def test_create__no_action__is_told(browser):
    page = browser.post(reverse(CREATE), {name: v for name, v in FORM.items() if not name.startswith("actions")})
    assert page.status_code == 422
    assert page.context["form"].errors["actions"]


@pytest.mark.parametrize("is_htmx", [True, False])
def test_add_and_remove__row__is_drawn_anew_and_nothing_is_staged(browser, is_htmx):
    headers = {"HX-Request": "true"} if is_htmx else {}
    added = FORM | {"add": "conditions", "conditions-kind": "MessageSizeOver"}
    page = browser.post(reverse(CREATE), added, headers=headers)
    text = page.content.decode()
    assert page.status_code == 200
    assert text.count('-kind" value="MessageSizeOver"') == 1
    assert ("<html" in text) is not is_htmx
    assert "^a{1,3}$" in text
    fewer = browser.post(reverse(CREATE), FORM | {"remove": "conditions-0"}, headers=headers).content.decode()
    assert "^a{1,3}$" not in fewer and 'value="FromScope"' in fewer
    assert not staged()


def test_rows__hostile_text__is_escaped(browser):
    hostile = '"><script>alert(1)</script>'
    changed = {"conditions-0-values": hostile, "conditions-0-kind": hostile, "actions-0-text": hostile}
    page = browser.post(reverse(CREATE), FORM | changed | {"add": "actions", "actions-kind": hostile}).content.decode()
    assert "<script>alert" not in page


def test_add__to_a_field_that_is_none__is_not_found(browser):
    for field in ("name", "nothing", "password"):
        answer = browser.post(reverse(CREATE), {"add": field, f"{field}-kind": "x"}, headers={"HX-Request": "true"})
        assert answer.status_code == 404


@pytest.mark.django_db(transaction=True)
def test_publish_document__outside_a_transaction__stores_the_next_revision():
    publish_document(mail_flow_rules=[rule("A")])
    assert [one.name for one in load_document(head_revision()).mail_flow_rules] == ["A"]


def test_move__down__stages_the_new_order(browser):
    publish_document(mail_flow_rules=[rule("A"), rule("B"), rule("C", priority=7)])
    move = reverse("mailflow:mail-flow-rule-move", args=["a"])
    assert browser.post(move, {"direction": "down"}).status_code == 302
    assert {key: after["priority"] for key, after in staged().items()} == {"a": 1, "c": 2}
    names = [row.name for row in browser.get(reverse("mailflow:mail-flow-rule-list")).context["page"]]
    assert names == ["B", "A", "C"]


def test_move__first_up_or_by_a_viewer_or_one_that_is_not_there__is_refused(browser):
    publish_document(mail_flow_rules=[rule("A"), rule("B", priority=1)])
    move = reverse("mailflow:mail-flow-rule-move", args=["a"])
    assert browser.post(move, {"direction": "up"}).status_code == 302
    assert browser.post(move, {"direction": "sideways"}).status_code == 404
    assert browser.post(reverse("mailflow:mail-flow-rule-move", args=["x"]), {"direction": "up"}).status_code == 302
    assert browser.get(move).status_code == 405
    assert signed_in(create_viewer()).post(move, {"direction": "down"}).status_code == 403
    assert not staged()


def test_form__of_a_new_rule__puts_it_after_all_others(browser):
    assert browser.get(reverse(CREATE)).context["form"]["priority"].value() == 0
    publish_document(mail_flow_rules=[rule("A", priority=4), rule("B", priority=2)])
    assert browser.get(reverse(CREATE)).context["form"]["priority"].value() == 5


def test_detail__rule__is_told_in_words_and_one_that_never_fits_is_marked(browser):
    asked = [{"kind": "SubjectContainsWords", "values": ["invoice"]}]
    publish_document(mail_flow_rules=[rule("A"), rule("B", priority=1, conditions=asked, mode="Audit")])
    page = browser.get(reverse("mailflow:mail-flow-rule-show", args=["b"])).content.decode()
    assert "The subject contains “invoice”" in page
    assert "Put “[E]” before the subject" in page
    assert "A comes before it" in page
    assert "Without effect" in browser.get(reverse("mailflow:mail-flow-rule-list")).content.decode()


def test_form__connectors__are_offered_by_name(browser):
    routed = rule("A", actions=[{"kind": "RouteMessageOutboundConnector", "values": ["side"]}])
    side = {"id": "side", "name": "Side door", "address_spaces": [{"domain": "*"}], "smart_hosts": ["mx.x.example"]}
    publish_document(mail_flow_rules=[routed], send_connectors=[side])
    page = browser.get(reverse("mailflow:mail-flow-rule-edit", args=["a"])).content.decode()
    assert '<option value="side" selected>Side door</option>' in page


def test_create__notification_and_severity__are_staged_with_their_lines(browser):
    chosen = {"actions-0-kind": "GenerateNotification", "actions-0-text": "Dear %%To%%,\r\n\r\nit is gone.\r\n"}
    given = {name: value for name, value in FORM.items() if not name.startswith("actions-")} | chosen
    page = browser.post(reverse(CREATE), given | {"actions-0-text": "%%Who%%", "set_audit_severity": "High"})
    assert "no %%Who%%" in page.context["form"].errors["actions"][0]
    assert "%%MessageDate%%" in page.content.decode()
    assert browser.post(reverse(CREATE), given | {"set_audit_severity": "High"}).status_code == 302
    after = staged()["no-programs"]
    assert (after["set_audit_severity"], after["actions"][0]["text"]) == ("High", "Dear %%To%%,\n\nit is gone.")
    assert ">High</td>" in browser.get(reverse("mailflow:mail-flow-rule-list")).content.decode()
    detail = browser.get(reverse("mailflow:mail-flow-rule-show", args=["no-programs"])).content.decode()
    assert "Tell its recipients “Dear %%To%%, / it is gone.”" in detail and "Set audit severity" in detail
