"""Reviewer groups are picked where a rule names them, and say who is in them now."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailconsole.changes.models import ChangeItem
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.stage_item import stage_item
from tests.mailconsole.changes.kit import NOW
from tests.mailconsole.changes.test_approval_rules import publish_rules
from tests.support.factories import create_administrator, create_editor, create_reviewer, create_viewer, signed_in

pytestmark = pytest.mark.django_db
CREATE = "mailflow:approval-rule-create"
RULE = {"name": "Network", "priority": "3", "risk": "any", "approvals": "1", "is_enabled": "on"}


@pytest.fixture
def groups():
    create_reviewer(username="inge")
    create_reviewer(username="gone", is_active=False)
    create_viewer(username="vera")
    create_administrator(username="root")
    publish_rules(groups=[{"name": "Network", "members": ["INGE", "gone", "vera"]},
                          {"name": "Chiefs", "roles": ["administrator"]},
                          {"name": "Empty", "members": ["vera"]}])  # fmt: skip


def test_form__groups_that_are_there__are_offered_with_who_is_in_them(groups):
    page = signed_in(create_editor()).get(reverse(CREATE)).content.decode()
    for shown in ('value="network"', "Network: inge", "Chiefs: root", "Empty: nobody who may review"):
        assert shown in page


def test_form__group_picked__is_staged_and_one_that_is_not_there_is_an_error_at_the_field(groups):
    client = signed_in(create_editor())
    answer = client.post(reverse(CREATE), RULE | {"reviewer_groups": ["network", "forged"]})
    assert answer.status_code == 422
    assert "There is no reviewer group “forged”: choose of those listed." in answer.content.decode()
    assert not ChangeItem.objects.filter(change__state="draft").exists()
    assert client.post(reverse(CREATE), RULE | {"reviewer_groups": ["network"]}).status_code == 302
    after = ChangeItem.objects.get(change__state="draft").after
    assert after is not None and after["reviewer_groups"] == ["network"]


def test_form__no_group_there__says_so_with_the_way_to_add_one():
    page = signed_in(create_editor()).get(reverse(CREATE)).content.decode()
    assert "There is no reviewer group yet" in page
    assert reverse("mailflow:reviewer-group-create") in page


def test_form__rule_names_a_group_that_the_draft_deletes__shows_it_to_be_taken_away(groups):
    client = signed_in(create_editor())
    client.post(reverse(CREATE), RULE | {"reviewer_groups": ["network"]})
    client.post(reverse("mailflow:reviewer-group-delete", args=["network"]))
    page = client.get(reverse("mailflow:approval-rule-edit", args=["network"])).content.decode()
    assert "network (not there)" in page


def test_page__of_a_group__says_who_is_in_it_now(groups):
    client = signed_in(create_viewer())
    page = client.get(reverse("mailflow:reviewer-group-show", args=["network"])).content.decode()
    assert "Who is in it now" in page
    assert page.split("Who is in it now")[1].split("card-body")[1].startswith('">inge<')
    page = client.get(reverse("mailflow:reviewer-group-show", args=["empty"])).content.decode()
    assert "Nobody who may review" in page


def test_list_and_page__of_a_rule__name_its_groups_as_they_are_called(groups):
    publish_rules({"name": "Relay", "reviewer_groups": ["network"]}, groups=[])
    change = open_change(author=create_editor(), now=NOW)
    renamed = {"name": "Network team", "members": ["inge"]}
    stage_item(change=change, actor=change.author, kind="reviewer_groups", object_id="network", after=renamed, now=NOW)
    client = signed_in(change.author)
    assert "1 of Network team" in client.get(reverse("mailflow:approval-rule-list")).content.decode()
    page = client.get(reverse("mailflow:approval-rule-show", args=["relay"])).content.decode()
    assert "Network team" in page and ">network<" not in page


def test_form__of_a_group__offers_who_may_review_and_those_whom_it_names(groups):
    page = signed_in(create_editor()).get(reverse("mailflow:reviewer-group-edit", args=["network"])).content.decode()
    chosen = {one for one in ("INGE", "gone", "vera", "root") if f'value="{one}"' in page}
    assert chosen == {"INGE", "gone", "vera", "root"} and page.count("(may not review)") == 2
    new = signed_in(create_editor()).get(reverse("mailflow:reviewer-group-create")).content.decode()
    assert 'value="inge"' in new and 'value="vera"' not in new and 'value="gone"' not in new


def test_form__of_a_group__stages_who_was_picked_and_nobody_else(groups):
    client, create = signed_in(create_editor()), reverse("mailflow:reviewer-group-create")
    answer = client.post(create, {"name": "New", "members": ["inge", "vera"]})
    assert answer.status_code == 422
    assert "There is no reviewer “vera”: choose of those listed." in answer.content.decode()
    assert client.post(create, {"name": "New", "members": ["inge", "root"]}).status_code == 302
    after = ChangeItem.objects.get(change__state="draft").after
    assert after is not None and after["members"] == ["inge", "root"]
