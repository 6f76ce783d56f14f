"""Pages of one object, and of the organisation: what they show of it and around it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailconsole.changes.models import ChangeItem
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.nodes.snapshots import Live
from tests.mailconsole.changes.kit import NOW as MOMENT
from tests.mailconsole.changes.kit import publish_policy
from tests.mailconsole.mailflow.kit import values
from tests.support.factories import create_viewer, signed_in
from tests.support.snapshots import node
from transport.model.certificate import PresentedCertificate
from transport.model.limit import Limit, LimitCount

pytestmark = pytest.mark.django_db
NOW = 1_700_000_000.0


def test_detail__entry_of_an_ip_list__is_found_by_its_network(editor):
    browser = signed_in(editor)
    browser.post(reverse("mailflow:ip-block-entry-create"), {"network": "2001:db8::/48"})
    page = browser.get(reverse("mailflow:ip-block-entry-show", args=["2001:db8::/48"]))
    assert page.status_code == 200
    assert "New in your draft" in page.content.decode()


def test_organization__viewer_sees_facts_and_editor_a_form(editor):
    url = reverse("mailflow:organization-edit")
    assert "Stage in draft" not in signed_in(create_viewer()).get(url).content.decode()
    assert signed_in(create_viewer()).post(url, {"name": "x"}).status_code == 403
    browser = signed_in(editor)
    form = browser.get(url).context["form"]
    said = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    browser.post(url, said | {"name": "Contoso", "is_delay_dsn_enabled": "on"})
    item = values(ChangeItem.objects.get())
    assert {name for name in item.after if item.after[name] != item.before[name]} == {"name"}


def test_organization__own_text_with_a_comma__is_one_and_a_wrong_one_is_told_at_its_field(editor):
    url = reverse("mailflow:organization-edit")
    browser = signed_in(editor)
    form = browser.get(url).context["form"]
    said = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    said |= {"is_delay_dsn_enabled": "on", "system_messages": "Ask us"}
    wrong = browser.post(url, said).context["form"]
    assert "needs a status and a text" in str(wrong.errors["system_messages"])
    browser.post(url, said | {"system_messages": "5.1.1 Ask us, phone 4711\n4.4.7 Wait"})
    item = values(ChangeItem.objects.get())
    assert item.after["system_messages"] == ["5.1.1 Ask us, phone 4711", "4.4.7 Wait"]


def test_detail__receive_connector__says_which_certificate_each_node_shows(monkeypatch):
    hostile = PresentedCertificate("default", "bought", ("<b>relay</b>",), "CN=CA", NOW, problem="It expired.")
    live = Live(
        True,
        (
            node(
                "transport-1",
                certificates=(hostile, PresentedCertificate("other", "else")),
            ),
        ),
    )
    monkeypatch.setattr("mailconsole.mailflow.views.details.read_live", lambda: live)
    url = reverse("mailflow:receive-connector-show", args=["default"])
    page = signed_in(create_viewer()).get(url).content.decode()
    assert all(word in page for word in ("bought", "CN=CA", "It expired.", "transport-1"))
    assert "<b>relay" not in page


def test_detail__receive_connector__says_how_often_its_limits_were_reached(monkeypatch):
    counts = (
        LimitCount("default", Limit.RECIPIENTS, 3, 100.0),
        LimitCount("default", Limit.BANNER_DELAY, 1, 200.0),
        LimitCount("other", Limit.HOP_COUNT, 9, 300.0),
    )
    live = Live(True, (node("transport-1", limits=counts), node("transport-2", limits=counts[:1])))
    monkeypatch.setattr("mailconsole.mailflow.views.details.read_live", lambda: live)
    url = reverse("mailflow:receive-connector-show", args=["default"])
    page = signed_in(create_viewer()).get(url)
    assert [(row.limit, row.count) for row in page.context["limits"]] == [
        (Limit.BANNER_DELAY, 1),
        (Limit.RECIPIENTS, 6),
    ]
    assert "MaxRecipientsPerMessage" in page.content.decode() and "MaxHopCount" not in page.content.decode()


def test_pages__policy_that_another_covers__says_that_it_has_no_effect():
    publish_policy(name="Building 7", networks=["10.7.0.0/16"])
    publish_policy(name="Printers", networks=["10.7.1.0/24"])
    client = signed_in(create_viewer())
    listed = client.get(reverse("mailflow:relay-policy-list")).content.decode()
    assert listed.count(">Without effect</span>") == 1
    printers = next(one for one in load_document(head_revision()).relay_policies if one.name == "Printers")
    shown = client.get(reverse("mailflow:relay-policy-show", args=[printers.id])).content.decode()
    assert "“Building 7” grants all that it grants" in shown


def test_pages__object_that_others_name__says_which_and_leads_there(editor):
    change = open_change(author=editor, now=MOMENT)
    group = {"name": "Security", "members": ["rudi"]}
    key = stage_item(change=change, actor=editor, kind="reviewer_groups", object_id="", after=group, now=MOMENT)
    rule = {"name": "Strict", "reviewer_groups": [key]}
    rule_key = stage_item(change=change, actor=editor, kind="approval_rules", object_id="", after=rule, now=MOMENT)

    shown = signed_in(editor).get(reverse("mailflow:reviewer-group-show", args=[key])).content.decode()
    assert f'<a href="{reverse("mailflow:approval-rule-show", args=[rule_key])}">Strict</a>' in shown
    shown = signed_in(editor).get(reverse("mailflow:approval-rule-show", args=[rule_key])).content.decode()
    assert "Used by" not in shown


def test_detail__receive_connector__says_the_largest_message_of_each_kind_of_mail():
    page = signed_in(create_viewer()).get(reverse("mailflow:receive-connector-show", args=["client"]))
    assert [(row.whose, row.size, row.limit) for row in page.context["sizes"]] == [
        ("For our recipients, from who signed in", "36 MB", Limit.MESSAGE_SIZE),
        ("For the outside, by a relay policy", "36 MB", Limit.MESSAGE_SIZE),
    ]
    assert "Largest message" in page.content.decode()
