"""What stands beside a field: its unit, its default; and a detail page that says the same of what it shows."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailconsole.changes.models import ChangeItem
from mailconsole.mailflow.forms import ObjectForm
from mailconsole.mailflow.kinds.table import KINDS
from mailconsole.mailflow.lines import items_of
from tests.mailconsole.changes.kit import publish_policy
from tests.mailconsole.mailflow.kit import CREATE, POLICY, as_a_browser_sends
from tests.support.factories import create_editor, create_viewer, signed_in
from transport.config.diff import model_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "name", "unit"),
    [
        ("receive_connectors", "connection_timeout", "s, m, h or d"),
        ("receive_connectors", "max_message_size", "B, KB, MB or GB"),
        ("receive_connectors", "min_data_rate", "B, KB, MB or GB a second"),
        ("receive_connectors", "max_inbound_connection_percentage_per_source", "%"),
        ("receive_connectors", "message_rate_limit_per_min", "a minute"),
        ("receive_connectors", "max_hop_count", ""),
        ("relay_policies", "max_messages_per_day", "a day"),
        ("organization", "memory_used_high", "%"),
        ("organization", "dsn_rate_limit_per_sender_per_hour", "an hour"),
    ],
)
def test_form__figure__has_its_unit_beside_it(kind, name, unit):
    assert getattr(ObjectForm(KINDS[kind])[name], "unit", None) == unit


@pytest.mark.parametrize("kind", KINDS)
def test_form__switch__says_its_default(kind):
    form = ObjectForm(KINDS[kind])
    for name, info in model_of(kind).model_fields.items():
        if isinstance(info.default, bool):
            assert form[name].help_text.endswith(f" Default: {'on' if info.default else 'off'}."), name


def test_form__group_that_is_seldom_needed__is_folded_until_something_in_it_is_wrong():
    form = ObjectForm(KINDS["receive_connectors"])
    folded = {one.title for one in form.fieldsets if one.is_folded}
    assert "Behind a proxy" in folded and "General" not in folded
    form = ObjectForm(KINDS["receive_connectors"], None, as_a_browser_sends(form))
    form.add_error("proxy_networks", "Wrong.")
    assert [one.title for one in form.fieldsets if one.is_folded and one.is_open] == ["Behind a proxy"]


def test_detail__value__says_whether_it_is_the_default_and_what_it_is_counted_in():
    publish_policy()
    browser = signed_in(create_viewer())
    page = browser.get(reverse("mailflow:receive-connector-show", args=["default"])).context["groups"]
    facts = {fact.term: fact for _, group in page for fact in group}
    assert (facts["Connection timeout"].value, facts["Connection timeout"].is_default) == ("10m", True)
    assert facts["Max recipients per message"].is_default is False
    assert facts["Max inbound connection percentage per source"].value == "100 %"
    assert facts["Message rate limit per min"].value == "unlimited"
    page = browser.get(reverse("mailflow:relay-policy-show", args=["scanners"])).context["groups"]
    facts = {fact.term: fact for _, group in page for fact in group}
    assert facts["Max message size"].value == "the connector's"


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("a, b\nc", ["a", "b", "c"]),
        ('"Doe, Jane"@contoso.com, x@y.example', ['"Doe, Jane"@contoso.com', "x@y.example"]),
        ('"no end, b', ['"no end', "b"]),
        ('"' + '\\"' * 200_000, ['"' + '\\"' * 200_000]),
    ],
)
def test_list__comma_in_quotes__is_part_of_its_item(text, items):
    assert items_of(text) == items


def test_form__sent_back_with_a_quoted_comma__stages_nothing():
    publish_policy(sender_addresses=['"Doe, Jane"@contoso.com'])
    editor = create_editor()
    browser = signed_in(editor)
    url = reverse("mailflow:relay-policy-edit", args=["scanners"])
    answer = browser.post(url, as_a_browser_sends(browser.get(url).context["form"]))
    assert answer.status_code == 302
    assert not ChangeItem.objects.filter(change__author=editor).exists()


def test_create__a_thousand_wrong_lines_of_a_thousand_characters__are_told_in_a_few_short_ones():
    lines = "\n".join("x" * 1000 for _ in range(1000))
    page = signed_in(create_editor()).post(reverse(CREATE), POLICY | {"networks": lines})
    told = page.context["form"].errors["networks"]
    assert len(told) == 6 and told[-1] == "And 995 more like these."
    assert max(map(len, told)) < 250


def test_organization__secret_that_is_not_stored__is_told_at_its_field():
    form = as_a_browser_sends(ObjectForm(KINDS["organization"]))
    form |= {"review_webhook_url": "https://chat.contoso.com/x", "review_webhook_secret": "hunter2"}
    page = signed_in(create_editor()).post(reverse("mailflow:organization-edit"), form)
    assert list(page.context["form"].errors) == ["review_webhook_secret"]
