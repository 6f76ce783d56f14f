"""The pages of list providers: a form's errors at their field, and the list asked from the page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailconsole.changes.models import ChangeItem
from mailconsole.changes.services.approve_change import approve_change
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.publish_change import publish_change
from mailconsole.changes.services.submit_change import submit_change
from tests.mailconsole.changes.kit import NOW
from tests.support.factories import create_editor, create_reviewer, create_viewer, signed_in

pytestmark = pytest.mark.django_db
CREATE = reverse("mailflow:block-list-provider-create")
SAID = {"name": "BL", "lookup_domain": "bl.example", "is_any_match": "on", "is_enabled": "on", "priority": "0",
        "if_unavailable": "accept"}  # fmt: skip


def publish(change):
    """By another person."""
    reviewer = create_reviewer()
    submit_change(change=change, actor=change.author, now=NOW)
    approve_change(change=change, actor=reviewer, digest=digest_of(change), now=NOW)
    publish_change(change=change, actor=reviewer, now=NOW)


@pytest.fixture
def browser():
    return signed_in(create_editor())


def ask(browser, address):
    url = reverse("mailflow:block-list-provider-ask", args=["bl"])
    return browser.post(url, {"address": address}, follow=True).content.decode()


def test_form__says_which_answers_count__else_it_is_refused(browser):
    answer = browser.post(CREATE, SAID | {"is_any_match": ""})
    assert answer.status_code == 422 and "which answers count" in answer.content.decode()
    answer = browser.post(CREATE, SAID | {"ip_addresses_match": "192.0.2.1"})
    assert "is no answer of a list" in answer.content.decode()
    assert browser.post(CREATE, SAID).status_code == 302
    item = ChangeItem.objects.get()
    assert (item.kind, item.object_id) == ("ip_block_list_providers", "bl") and item.staged_at != NOW
    page = browser.get(reverse("changes:detail", args=[item.change_id])).content.decode()
    assert "refuses clients that bl.example lists" in page


def test_ask__from_the_page__tells_what_the_list_says_now(browser, system_names):
    browser.post(CREATE, SAID)
    system_names.zone["9.9.9.9.bl.example", "A"] = "9.9.9.9.bl.example. 60 IN A 127.0.0.2"
    assert "9.9.9.9: bl.example lists the client (127.0.0.2)." in ask(browser, "9.9.9.9")
    assert "9.9.9.8: bl.example does not list the client." in ask(browser, "9.9.9.8")
    assert [name for name, _, _ in system_names.asked] == ["9.9.9.9.bl.example", "8.9.9.9.bl.example"]


@pytest.mark.parametrize("address", ["10.1.2.3", "nonsense", ""])
def test_ask__about_an_address_that_no_list_knows__is_refused(browser, system_names, address):
    browser.post(CREATE, SAID)
    assert "No list knows of this address" in ask(browser, address)
    assert not system_names.asked


def test_ask__viewer__may_not(browser):
    browser.post(CREATE, SAID)
    assert signed_in(create_viewer()).post(reverse("mailflow:block-list-provider-ask", args=["bl"])).status_code == 403


def test_ip_entry__that_has_ended__is_marked_in_list_and_page(browser):
    said = {"network": "10.1.2.3", "comment": "noise", "owner": "NOC", "expires_at": "2020-01-31T12:00"}
    assert browser.post(reverse("mailflow:ip-block-entry-create"), said).status_code == 302
    publish(ChangeItem.objects.get().change)
    for page in (reverse("mailflow:ip-block-entry-list"), reverse("mailflow:ip-block-entry-show", args=["10.1.2.3"])):
        assert "It expired on 2020-01-31" in browser.get(page).content.decode()
