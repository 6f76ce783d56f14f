"""Lists, forms and details of mail flow: what they show, stage and refuse."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.urls import reverse

from mailconsole.changes.links import STEMS
from mailconsole.changes.models import Change, ChangeItem
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.common.models import Secret
from mailconsole.common.secrets import read_secret
from mailconsole.mailflow.forms import ObjectForm
from mailconsole.mailflow.kinds.table import KINDS
from mailconsole.nodes.snapshots import Live
from tests.mailconsole.changes.kit import NOW as MOMENT
from tests.mailconsole.changes.kit import create_change, publish_policy
from tests.support.factories import create_editor, create_reviewer, create_viewer, signed_in
from tests.support.snapshots import node
from transport.config.diff import model_of
from transport.model.certificate import PresentedCertificate
from transport.model.limit import Limit, LimitCount

pytestmark = pytest.mark.django_db
LISTS = [stem for kind, stem in STEMS.items() if kind != "organization"]
NOW = 1_700_000_000.0
POLICY = {
    "name": "Scanners",
    "owner": "Facilities",
    "purpose": "Scan to mail",
    "networks": "10.1.0.0/16\n10.2.0.0/16",
    "sender_addresses": "contoso.com",
    "is_enabled": "on",
    "identity_match": "all",
    "expires_at": "2027-01-31T12:00",
}
CREATE = "mailflow:relay-policy-create"


@pytest.fixture
def editor():
    return create_editor()


def values(item: ChangeItem) -> Any:
    """The item; its JSON is what the test expects it to be."""
    return item


def as_a_browser_sends(form: ObjectForm) -> dict[str, Any]:
    """The form's fields as they stand on the page."""
    said = {}
    for name, field in form.fields.items():
        value = form[name].value()
        if isinstance(value, bool):
            value = "on" if value else None
        elif isinstance(value, datetime):
            value = field.widget.format_value(value)
        if value not in (None, []):
            said[name] = value
    return said


@pytest.mark.parametrize("stem", LISTS)
def test_list__viewer__sees_it_but_no_way_to_edit(stem):
    browser = signed_in(create_viewer())
    page = browser.get(reverse(f"mailflow:{stem}-list"))
    assert page.status_code == 200
    assert reverse(f"mailflow:{stem}-create") not in page.content.decode()
    assert browser.get(reverse(f"mailflow:{stem}-create")).status_code == 403


@pytest.mark.parametrize("stem", LISTS)
def test_create__editor__sees_a_form_with_defaults(stem, editor):
    page = signed_in(editor).get(reverse(f"mailflow:{stem}-create"))
    assert page.status_code == 200
    assert "Stage in draft" in page.content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_form__defaults__are_what_the_model_would_take(kind):
    value = ObjectForm.defaults(KINDS[kind])
    assert "id" not in value
    model = model_of(kind)
    assert set(value) == {name for name, info in model.model_fields.items() if not info.is_required()}


def test_create__policy__is_staged_in_a_new_draft_and_not_live(editor):
    answer = signed_in(editor).post(reverse(CREATE), POLICY)
    change = Change.objects.get()
    assert answer.status_code == 302
    assert answer.headers["Location"] == reverse("changes:detail", args=[change.pk])
    item = values(change.items.get())
    assert item.after["networks"] == ["10.1.0.0/16", "10.2.0.0/16"]
    assert item.after["expires_at"] == "2027-01-31T12:00:00Z"
    assert change.title == "Add relay policy Scanners"
    assert load_document(head_revision()).relay_policies == ()


def test_create__second_object__goes_into_the_same_draft(editor):
    browser = signed_in(editor)
    browser.post(reverse(CREATE), POLICY)
    browser.post(reverse("mailflow:ip-block-entry-create"), {"network": "192.0.2.0/24", "comment": "spam"})
    assert Change.objects.count() == 1
    assert ChangeItem.objects.count() == 2


def test_create__invalid_network__says_so_at_the_field_and_keeps_nothing(editor):
    page = signed_in(editor).post(reverse(CREATE), POLICY | {"networks": "10.0.0.1/8"})
    assert page.status_code == 422
    assert page.context["form"].errors["networks"] == ["'10.0.0.1/8' has host bits set; did you mean 10.0.0.0/8?"]
    assert "10.0.0.1/8" in page.content.decode()
    assert Change.objects.count() == 0


@pytest.mark.parametrize("binding", ["0.0.0.0:99999", "0.0.0.0:0", "10.1.2.3"])
def test_create__receive_connector_on_no_port__says_so_at_the_field(editor, binding):
    form = as_a_browser_sends(ObjectForm(KINDS["receive_connectors"])) | {"name": "Relay", "bindings": binding}
    page = signed_in(editor).post(reverse("mailflow:receive-connector-create"), form)
    assert "is not a binding" in page.context["form"].errors["bindings"][0]


def test_create__nobody_named__says_so_above_the_form(editor):
    page = signed_in(editor).post(reverse(CREATE), POLICY | {"networks": ""})
    assert page.status_code == 422
    assert "Networks, identities or client certificates must name who may relay" in page.content.decode()


def test_create__from_a_refusal__is_filled_in_and_names_the_change(editor):
    said = {"network": "127.0.0.2", "sender_address": "contoso.com", "recipient_address": "partner.example",
            "title": "Let 127.0.0.2 relay to partner.example"}  # fmt: skip
    browser = signed_in(editor)
    page = browser.get(reverse(CREATE), said)
    form = page.context["form"]
    assert form.initial["networks"] == ["127.0.0.2"]
    assert form.initial["recipient_addresses"] == ["partner.example"]
    body = page.content.decode()
    assert ">127.0.0.2</textarea>" in body.replace("\n", "")
    browser.post(reverse(CREATE), POLICY | {"title": said["title"]})
    assert Change.objects.get().title == said["title"]


def test_create__hostile_address_line__fills_in_nothing(editor):
    said = {"network": "<script>", "sender_address": "a b", "recipient_address": "x\r\ny", "title": "<b>\x00"}
    page = signed_in(editor).get(reverse(CREATE), said)
    assert page.status_code == 200
    assert "networks" not in page.context["form"].initial or page.context["form"].initial["networks"] == []
    assert b"<script>" not in page.content.replace(b"<script ", b"")


def test_edit__published_policy__stages_what_differs_and_the_list_marks_it(editor):
    publish_policy()
    browser = signed_in(editor)
    url = reverse("mailflow:relay-policy-edit", args=["scanners"])
    assert browser.get(url).context["form"].initial["owner"] == "Facilities"
    browser.post(url, POLICY | {"networks": "10.1.0.0/16", "sender_addresses": "", "expires_at": "", "owner": "IT"})
    item = values(ChangeItem.objects.get(change__author=editor))
    assert {name for name in item.after if item.after[name] != item.before[name]} == {"owner"}
    page = browser.get(reverse("mailflow:relay-policy-list")).content.decode()
    assert "Changed in your draft" in page
    assert "Your draft" in page


def test_edit__unknown_object__is_not_found(editor):
    assert signed_in(editor).get(reverse("mailflow:relay-policy-edit", args=["nobody"])).status_code == 404


def test_delete__by_post__is_staged_and_by_get_refused(editor):
    publish_policy()
    browser = signed_in(editor)
    url = reverse("mailflow:relay-policy-delete", args=["scanners"])
    assert browser.get(url).status_code == 405
    browser.post(url)
    assert ChangeItem.objects.get(change__author=editor).after is None
    assert "Deleted in your draft" in browser.get(reverse("mailflow:relay-policy-list")).content.decode()


def test_delete__by_a_reviewer_or_forged__is_refused(editor):
    publish_policy()
    url = reverse("mailflow:relay-policy-delete", args=["scanners"])
    assert signed_in(create_reviewer()).post(url).status_code == 403
    browser = signed_in(editor)
    browser.handler.enforce_csrf_checks = True
    assert browser.post(url).status_code == 403
    assert not ChangeItem.objects.filter(change__author=editor).exists()


def test_send_connector__password__is_stored_as_a_secret_and_shown_nowhere(editor):
    browser = signed_in(editor)
    hidden = "korrekt-horse"
    said = {"name": "Internet", "address_spaces": "*;5", "smart_hosts": "mx.contoso.com", "is_enabled": "on",
            "tls_level": "EncryptionOnly", "username": "relay", "password": hidden,
            "protocol_logging_level": "None"}  # fmt: skip
    answer = browser.post(reverse("mailflow:send-connector-create"), said)
    assert answer.status_code == 302
    item = values(ChangeItem.objects.get())
    assert item.after["address_spaces"] == [{"cost": 5, "domain": "*"}]
    assert read_secret(item.after["password_secret"]) == hidden
    assert hidden not in browser.get(answer.headers["Location"]).content.decode()
    edit = browser.get(reverse("mailflow:send-connector-edit", args=["internet"]))
    assert hidden not in edit.content.decode()
    browser.post(reverse("mailflow:send-connector-edit", args=["internet"]), said | {"password": ""})
    again = values(ChangeItem.objects.get())
    assert again.after["password_secret"] == item.after["password_secret"]


def test_send_connector__home_servers__are_written_like_address_spaces_and_told_in_words(editor):
    browser = signed_in(editor)
    said = {"name": "Store", "address_spaces": "", "home_servers": "EX01\nMBX*;5", "smart_hosts": "ex.contoso.com",
            "is_enabled": "on", "tls_level": "opportunistic", "protocol_logging_level": "None"}  # fmt: skip
    answer = browser.post(reverse("mailflow:send-connector-create"), said)
    assert answer.status_code == 302, answer.context["form"].errors
    assert values(ChangeItem.objects.get()).after["home_servers"] == [
        {"cost": 1, "server": "EX01"}, {"cost": 5, "server": "MBX*"},
    ]  # fmt: skip
    assert (
        "mailboxes on the home server EX01 at cost 1 and MBX* at cost 5" in browser.get(answer.headers["Location"]).text
    )
    again = browser.get(reverse("mailflow:send-connector-edit", args=["store"]))
    assert again.context["form"]["home_servers"].value() == "EX01;1\nMBX*;5"


def test_send_connector__wrong_form__stores_no_secret(editor):
    said = {"name": "Internet", "address_spaces": "", "tls_level": "EncryptionOnly", "username": "x", "password": "y"}
    assert signed_in(editor).post(reverse("mailflow:send-connector-create"), said).status_code == 422
    assert Secret.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "said", "words"),
    [
        ("fqdn", "mx acme", "is not a host name"),
        ("tls_domain", "contoso.com", "DomainValidation only"),
        ("username", "relay", "over TLS only"),
        ("max_message_size", "ten apples", "is not a size"),
        ("retry_ladder", "soon", "soon"),
        ("upgraded_replies", "421", "about the connection"),
        ("source_ip_address", "10.1.2", "is not an IP address"),
        ("connection_inactivity_timeout", "0", "Must be 1s or more."),
        ("smart_hosts", "mx.contoso.com\na b", "Line 2: 'a b' is not a smart host"),
        ("address_spaces", "*;200", "Must be 100 or less."),
        ("address_spaces", "", "would serve nothing"),
        ("home_servers", "EX01\n/o=Acme", "Line 2: '/o=Acme' is not a home server"),
    ],
)
def test_send_connector__what_is_wrong__is_said_at_its_field(editor, field, said, words):
    form = ObjectForm(KINDS["send_connectors"])
    sent = as_a_browser_sends(form) | {"name": "Internet", "address_spaces": "*", field: said}
    answer = signed_in(editor).post(reverse("mailflow:send-connector-create"), sent)
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert words in errors[field][0] and "__all__" not in errors
    assert len(errors[field]) == 1


def test_draft_of_an_earlier_version__unreadable_now__leaves_the_pages_and_says_what_to_do(editor):
    client = signed_in(editor)
    client.post(reverse(CREATE), POLICY)
    item = ChangeItem.objects.get()
    item.after = {**(item.after or {}), "networks": ["no network"]}
    item.save()
    assert client.get(reverse("mailflow:relay-policy-list")).status_code == 200
    page = client.get(reverse("changes:detail", args=[item.change.pk])).content.decode()
    assert "is not a network" in page
    again = client.post(reverse(CREATE), POLICY | {"name": "Others"})
    assert "be read any more" in again.content.decode() and again.status_code == 422
    under = {"peer": "10.1.2.3", "binding": "smtp", "recipient": "a@b.example", "under": f"c{item.change.pk}"}
    assert "Discard that item" in client.get(reverse("tools:explain"), under).content.decode()


def test_list__another_persons_draft__is_not_shown():
    create_change()
    page = signed_in(create_editor()).get(reverse("mailflow:relay-policy-list")).content.decode()
    assert "Scanners" not in page


def test_list__filter__finds_by_any_word_and_answers_htmx_with_the_rows(editor):
    publish_policy()
    browser = signed_in(editor)
    url = reverse("mailflow:relay-policy-list")
    assert "Scanners" in browser.get(url, {"q": "facil"}).content.decode()
    rows = browser.get(url, {"q": "nothing"}, headers={"HX-Request": "true"}).content.decode()
    assert "Nothing matches" in rows
    assert "<html" not in rows


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


@pytest.mark.parametrize(
    ("stem", "object_id"),
    [("receive-connector", "default"), ("receive-connector", "client"), ("relay-policy", "scanners")],
)
def test_form__sent_back_unchanged__stages_nothing(editor, stem, object_id):
    publish_policy(expires_at="2031-01-31T12:34:56Z", max_message_size="20 MB", identities=["svc"])
    browser = signed_in(editor)
    url = reverse(f"mailflow:{stem}-edit", args=[object_id])
    form = browser.get(url).context["form"]
    said = as_a_browser_sends(form)
    answer = browser.post(url, said)
    assert answer.status_code == 302, answer.context["form"].errors
    assert not ChangeItem.objects.filter(change__author=editor).exists()


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
