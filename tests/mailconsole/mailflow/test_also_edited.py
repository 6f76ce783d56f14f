"""A form says who else is about to change its object."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.withdraw_change import withdraw_change
from tests.mailconsole.changes.kit import NOW, publish_policy, stage_policy
from tests.support.factories import create_editor, signed_in

pytestmark = pytest.mark.django_db
EDIT = reverse("mailflow:relay-policy-edit", args=["scanners"])
SAID = "has this in the open change"


@pytest.fixture
def theirs():
    publish_policy()
    author = create_editor(full_name="Bert <b>Brecht</b>")
    change = open_change(author=author, now=NOW, title="More <i>scanners</i>")
    stage_policy(change, author, "scanners", owner="Bert")
    return change


def test_form__object_in_anothers_open_change__says_so_with_a_link(theirs):
    shown = signed_in(create_editor()).get(EDIT).content.decode()
    assert f"Bert &lt;b&gt;Brecht&lt;/b&gt;</span> {SAID}" in shown
    assert f'href="{reverse("changes:detail", args=[theirs.pk])}">More &lt;i&gt;scanners&lt;/i&gt;</a>' in shown


def test_form__own_change_another_object_or_an_ended_change__says_nothing(theirs):
    publish_policy(name="Printers")
    assert SAID not in signed_in(theirs.author).get(EDIT).content.decode()
    other = signed_in(create_editor())
    assert SAID not in other.get(EDIT.replace("scanners", "printers")).content.decode()
    assert SAID not in other.get(reverse("mailflow:relay-policy-create")).content.decode()
    withdraw_change(change=theirs, actor=theirs.author, now=NOW)
    assert SAID not in other.get(EDIT).content.decode()
