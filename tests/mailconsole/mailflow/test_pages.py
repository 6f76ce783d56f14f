"""Lists, forms and details of mail flow: what they show, stage and refuse."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from mailconsole.changes.links import STEMS
from mailconsole.changes.models import Change, ChangeItem
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.common.help import body_of, topic_of
from mailconsole.mailflow.forms import ObjectForm
from mailconsole.mailflow.kinds.table import KINDS
from mailconsole.mailflow.services.stage_object import stage_object
from tests.mailconsole.changes.kit import create_change, publish_policy
from tests.mailconsole.mailflow.kit import CREATE, POLICY, as_a_browser_sends, values
from tests.mailconsole.mailflow.test_long_lists import publish
from tests.support.factories import create_editor, create_reviewer, create_viewer, signed_in
from transport.config.diff import model_of

pytestmark = pytest.mark.django_db
LISTS = [stem for kind, stem in STEMS.items() if kind != "organization"]


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
def test_help__of_each_section__is_about_it_and_there(kind):
    topic = topic_of(KINDS[kind].help)
    assert topic is not None and topic.slug != "review-and-publish"
    assert body_of(topic)


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


def test_create__nobody_named__says_so_at_the_first_field_that_could(editor):
    page = signed_in(editor).post(reverse(CREATE), POLICY | {"networks": ""})
    assert page.status_code == 422
    said = "Networks, identities or client certificates must name who may relay."
    assert page.context["form"].errors == {"networks": [said]}


@pytest.mark.parametrize(
    ("stem", "said", "field", "sentence"),
    [
        ("receive-connector", {"connection_timeout": "1m"}, "connection_timeout",
         "Connection timeout must be longer than connection inactivity timeout."),
        ("own-recipient", {"address": "a@b.example", "deliver_to_mailbox_and_forward": "on"},
         "deliver_to_mailbox_and_forward", "Deliver to mailbox and forward needs a forwarding address."),
        ("address-rewrite-entry", {"internal_address": "a@b.example", "external_address": "c.example"},
         "external_address", "External address has to be an address for an address, and a domain for a domain."),
        ("block-list-provider", {"lookup_domain": "bl.example"}, "is_any_match",
         "Any match, bitmask match or IP addresses match must say which answers count."),
        ("service-account", {"username": "a b", "owner": "IT", "purpose": "x"}, "username",
         "Must be of letters, digits and . _ @ + -, at most 64, and begin with a letter or digit."),
    ],
)  # fmt: skip
def test_create__what_is_wrong_with_several_fields__stands_at_one_and_speaks_as_the_page(
    editor, stem, said, field, sentence
):
    kind = next(kind for kind in KINDS.values() if kind.stem == stem)
    form = as_a_browser_sends(ObjectForm(kind)) | {"name": "One"} | said
    page = signed_in(editor).post(reverse(f"mailflow:{stem}-create"), form)
    assert page.context["form"].errors == {field: [sentence]}


def test_organization__ladder_that_cannot_be_read__says_so_at_its_field(editor):
    form = as_a_browser_sends(ObjectForm(KINDS["organization"])) | {"retry_ladder": "1m"}
    page = signed_in(editor).post(reverse("mailflow:organization-edit"), form)
    assert list(page.context["form"].errors) == ["retry_ladder"]


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


def test_list__block_entry_within_an_allow_entry__is_marked_without_effect():
    publish(ip_allow_list=[{"network": "10.0.0.0/8"}], ip_block_list=[{"network": "10.1.0.0/16"}])
    browser = signed_in(create_viewer())
    assert "The allow entry 10.0.0.0/8 lets" in browser.get(reverse("mailflow:ip-block-entry-list")).content.decode()
    page = browser.get(reverse("mailflow:ip-block-entry-show", args=["10.1.0.0/16"])).content.decode()
    assert "Without effect. The allow entry 10.0.0.0/8 lets" in page


ONE_OF_EACH: dict[str, dict[str, Any]] = {
    "receive_connectors": {"bindings": ["127.0.0.1:9925"]},
    "send_connectors": {"address_spaces": [{"domain": "a.example"}]},
    "accepted_domains": {"domain": "a.example"},
    "remote_domains": {"domain": "a.example"},
    "recipients": {"address": "a@b.example"},
    "distribution_groups": {"address": "a@b.example"},
    "address_rewriting": {"internal_address": "a.example", "external_address": "b.example"},
    "relay_policies": {"networks": ["10.9.9.9"], "owner": "IT", "purpose": "Scan"},
    "mail_flow_rules": {"actions": [{"kind": "HoldMessage"}]},
    "service_accounts": {"username": "scan", "owner": "IT", "purpose": "Scan"},
    "ip_block_list_providers": {"lookup_domain": "a.example", "is_any_match": True},
    "ip_allow_list_providers": {"lookup_domain": "a.example", "is_any_match": True},
    "approval_rules": {"approvals": 2},
    "reviewer_groups": {"roles": ["reviewer"]},
    "ip_allow_list": {"network": "192.0.2.1"},
    "ip_block_list": {"network": "192.0.2.1"},
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "organization"])
def test_delete__of_what_is_new_in_the_draft__leaves_nothing_of_it(editor, kind):
    value = ONE_OF_EACH[kind] if KINDS[kind].is_list else {"name": "One", **ONE_OF_EACH[kind]}
    change = stage_object(actor=editor, kind=kind, object_id="", after=value, now=timezone.now())
    object_id = change.items.get().object_id
    answer = signed_in(editor).post(reverse(f"mailflow:{STEMS[kind]}-delete", args=[object_id]))
    assert answer.headers["Location"] == reverse("changes:detail", args=[change.pk])
    assert not change.items.exists()
