"""What validation says leads to where it is mended: the author to the field, a reviewer to what can be read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from mailconsole.changes.links import field_url
from mailconsole.changes.models import Change
from mailconsole.changes.refusals import InvalidDocument
from mailconsole.changes.services.break_glass import break_glass_publish
from mailconsole.changes.services.bring_up_to_date import bring_up_to_date
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.changes.states import ChangeState
from tests.mailconsole.changes.kit import NOW, create_change
from tests.mailconsole.mailflow.test_browser import sign_in
from tests.support.browser import new_context
from tests.support.factories import create_administrator, create_editor, create_reviewer, signed_in
from transport.config.problem import Problem


@pytest.mark.parametrize(
    ("kind", "field", "name"),
    [
        ("relay_policies", "networks", "networks"),
        ("relay_policies", "client_certificates", "client_certificates"),
        ("receive_connectors", "auth_mechanism", "auth_mechanism"),
        ("send_connectors", "password_secret", "password"),
        ("mail_flow_rules", "conditions", "conditions"),
        ("mail_flow_rules", "actions", "actions"),
        ("approval_rules", "reviewer_groups", "reviewer_groups"),
        ("service_accounts", "addresses", "addresses"),
        ("organization", "spool_disk_free_medium", "spool_disk_free_medium"),
        ("organization", "review_webhook_secret", "review_webhook_secret"),
    ],
)
@pytest.mark.django_db
def test_field_url__field_of_a_problem__is_a_place_on_the_form(kind, field, name):
    url = field_url(kind, "x", field)
    assert url.endswith(f"#field-{name}")
    form = url.partition("#")[0].replace("/edit/x/", "/new/")
    assert f'id="field-{name}"' in signed_in(create_editor()).get(form).content.decode()


@pytest.mark.django_db(transaction=True)
def test_link__followed_by_the_author__puts_the_keyboard_into_the_field(browser, complaints, web_server):
    author = create_editor()
    mine = create_change(author=author, name="Broad", networks=["0.0.0.0/0"])
    page = new_context(browser, complaints).new_page()
    sign_in(page, web_server, author)
    page.goto(f"{web_server.url}/changes/{mine.pk}/")
    problems = page.get_by_role("region", name="What validation says")
    problems.get_by_role("link", name="Relay policy Broad").first.click()
    expect(page.get_by_role("textbox", name="Networks")).to_be_focused()
    expect(page.get_by_role("textbox", name="Networks")).to_be_in_viewport()
    page.goto(f"{web_server.url}/mail-flow/relay-policies/edit/broad/#field-comment")
    expect(page.locator("#field-comment :focus")).to_be_visible()


@pytest.mark.django_db
def test_link__for_a_reviewer__leads_to_the_item_or_to_the_published_object():
    change = create_change(ChangeState.IN_REVIEW, name="Printers", networks=["127.0.0.0/8"], is_broad_override=True)
    page = signed_in(create_reviewer()).get(f"/changes/{change.pk}/").content.decode()
    assert 'href="#item-relay_policies-printers"' in page and 'id="item-relay_policies-printers"' in page
    assert "/edit/printers/" not in page


def _domain_with_catch_all() -> Change:
    """Its author gives a domain a catch-all; meanwhile somebody lets the domain pass unknown recipients on."""

    def stage(author, object_id="", **fields):
        change = open_change(author=author, now=NOW)
        value = {"name": "Acme", "domain": "acme.example", "domain_type": "Authoritative"} | fields
        stage_item(change=change, actor=author, kind="accepted_domains", object_id=object_id, after=value, now=NOW)
        return change

    admin = create_administrator()
    break_glass_publish(change=stage(create_editor()), actor=admin, reason="x", now=NOW)
    mine = stage(create_editor(), "acme", catch_all_address="all@acme.example")
    break_glass_publish(change=stage(create_editor(), "acme", domain_type="InternalRelay"), actor=admin, reason="x",
                        now=NOW)  # fmt: skip
    return mine


@pytest.mark.django_db
def test_plan__fields_of_both_sides_do_not_fit__names_the_object_and_its_field():
    mine = _domain_with_catch_all()
    (problem,) = plan_change(mine, now=NOW).errors
    assert replace(problem, sentence="") == Problem("accepted_domains", "acme", "catch_all_address", "")
    assert problem.sentence.startswith("With what was published meanwhile, Acme does not fit any more: catch_all_addr")
    with pytest.raises(InvalidDocument, match="Acme does not fit any more"):
        bring_up_to_date(change=mine, actor=mine.author, now=NOW)


@pytest.mark.django_db
def test_pages__fields_of_both_sides_do_not_fit__say_so_and_let_the_author_mend_it():
    mine = _domain_with_catch_all()
    browser = signed_in(mine.author)
    page = browser.post(f"/changes/{mine.pk}/bring-up-to-date/", follow=True)
    assert page.status_code == 200 and "does not fit any more" in page.content.decode()
    assert '/accepted-domains/edit/acme/#field-catch_all_address"' in page.content.decode()
    staged = browser.post("/mail-flow/accepted-domains/edit/acme/", {"name": "Acme", "domain": "acme.example",
                          "domain_type": "InternalRelay", "catch_all_address": ""}, follow=True)  # fmt: skip
    assert staged.status_code == 200
    assert not plan_change(Change.objects.get(pk=mine.pk), now=NOW).problems
