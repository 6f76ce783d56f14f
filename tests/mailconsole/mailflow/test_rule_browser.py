"""Mail flow rules in a real browser: rows come and go without leaving the form, and pages fit every width."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.mailconsole.mailflow.test_browser import shoot, sign_in
from tests.mailconsole.mailflow.test_rule_pages import publish_document, rule
from tests.support.browser import assert_accessible, new_context
from tests.support.factories import create_editor

pytestmark = pytest.mark.django_db(transaction=True)


def test_story__a_rule_is_made_of_rows_and_staged(browser, complaints, web_server):
    complaints.expect("status of 422")
    page = new_context(browser, complaints).new_page()
    sign_in(page, web_server, create_editor())
    page.goto(web_server.url + reverse("mailflow:mail-flow-rule-create"))
    page.get_by_role("textbox", name="Name").fill("No programs")
    conditions, actions = page.locator("#pieces-conditions"), page.locator("#pieces-actions")
    for kind in ("SubjectMatchesPatterns", "AttachmentHasExecutableContent", "MessageSizeOver"):
        conditions.locator("select").last.select_option(kind)
        conditions.get_by_role("button", name="Add").click()
        expect(conditions.locator(f'input[value="{kind}"]')).to_have_count(1)
    conditions.get_by_role("button", name="Take away: it is larger than").click()
    expect(conditions.locator(".mc-piece")).to_have_count(2)
    conditions.locator("textarea").fill("(invoice")
    actions.locator("select").last.select_option("RejectMessage")
    actions.get_by_role("button", name="Add").click()
    expect(actions.get_by_role("textbox", name="Enhanced status code")).to_be_focused()
    actions.get_by_role("textbox", name="Text").fill("No programs please")
    page.get_by_role("textbox", name="Name").press("Enter")
    expect(page.get_by_text("does not close")).to_be_visible()
    shoot(page, "rule-error")
    page.locator("#pieces-conditions textarea").fill("invoice")
    page.get_by_role("button", name="Stage in draft").last.click()
    words = "the subject matches “invoice” and an attachment is executable"
    expect(page.get_by_text(words).first).to_be_visible()


def test_rows__by_keyboard_alone__the_keyboard_stays_where_the_row_came(browser, complaints, web_server):
    page = new_context(browser, complaints).new_page()
    sign_in(page, web_server, create_editor())
    page.goto(web_server.url + reverse("mailflow:mail-flow-rule-create"))
    choice = page.get_by_role("combobox", name="Conditions")
    choice.select_option("SubjectContainsWords")
    choice.press("Tab")
    page.keyboard.press("Enter")
    words = page.locator("#pieces-conditions textarea")
    expect(words).to_be_focused()
    page.keyboard.type("invoice")
    expect(words).to_have_value("invoice")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(words).to_have_count(0)
    expect(choice).to_be_focused()


@pytest.mark.parametrize(("width", "is_dark"), [(1280, False), (390, True)])
def test_pages__of_rules__are_accessible(browser, complaints, web_server, width, is_dark):
    asked = [
        {"kind": "SubjectContainsWords", "values": ["invoice", "bill"]},
        {"kind": "AttachmentHasExecutableContent"},
    ]
    excepted = [{"kind": "FromScope", "values": ["InOrganization"]}]
    second = rule("Second", priority=1, conditions=asked, exceptions=excepted, mode="Audit")
    publish_document(mail_flow_rules=[rule("First", owner="IT"), second])
    page = new_context(browser, complaints, width=width, is_dark=is_dark).new_page()
    sign_in(page, web_server, create_editor())
    for name, arguments in (("list", []), ("show", ["second"]), ("edit", ["second"])):
        page.goto(web_server.url + reverse(f"mailflow:mail-flow-rule-{name}", args=arguments))
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        shoot(page, f"rule-{name}-{width}")
        assert_accessible(page)
    page.goto(web_server.url + reverse("common:help-topic", args=["mail-flow-rules"]))
    assert_accessible(page)
