"""What a person wrote and a service refused stands in its field again, once, and for nobody else."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.states import ChangeState
from tests.mailconsole.changes.kit import NOW, create_change, publish_policy, stage_policy
from tests.support.factories import create_administrator, create_editor, create_reviewer, signed_in

pytestmark = pytest.mark.django_db


def test_approve__edited_meanwhile__keeps_the_comment_for_the_next_look():
    change = create_change(ChangeState.IN_REVIEW)
    rita, ria = signed_in(create_reviewer()), signed_in(create_reviewer())
    url = reverse("changes:approve", args=[change.pk])
    page = rita.post(url, {"digest": "0" * 64, "comment": "I looked at <each>"}, follow=True).content.decode()
    assert "was edited after you opened it" in page
    assert re.search(r'name="comment"[^>]* data-unsaid>I looked at &lt;each&gt;</textarea>', page)
    assert "I looked at" not in ria.get(f"/changes/{change.pk}/").content.decode()
    assert "I looked at" not in rita.get(f"/changes/{change.pk}/").content.decode()


def test_break_glass__edited_meanwhile__keeps_the_reason():
    change = create_change()
    ada = signed_in(create_administrator())
    url = reverse("changes:break-glass", args=[change.pk])
    page = ada.post(url, {"digest": "0" * 64, "reason": "Mail is down"}, follow=True).content.decode()
    assert (
        'id="break-glass-reason" name="reason" maxlength="500" required autocomplete="off" value="Mail is down"' in page
    )


def test_comment__on_an_item__comes_back_to_the_item_and_what_is_taken_is_not_kept():
    change = create_change()
    author = signed_in(change.author)
    url = reverse("changes:comment", args=[change.pk])
    about = {"kind": "relay_policies", "object_id": "scanners"}
    answer = author.post(url, {"text": "Why?", **about})
    assert answer["Location"] == f"/changes/{change.pk}/#item-relay_policies-scanners"
    assert "data-unsaid" not in author.get(f"/changes/{change.pk}/").content.decode()
    assert (
        author.post(url, {"text": "Why?", "kind": "//evil", "object_id": "x"})["Location"] == f"/changes/{change.pk}/"
    )


def test_settle__one_of_two_conflicts_left_open__keeps_what_was_chosen_and_typed():
    publish_policy()
    author = create_editor()
    change = open_change(author=author, now=NOW)
    stage_policy(change, author, "scanners", owner="IT", purpose="Scan")
    publish_policy("scanners", owner="Print room", purpose="Print")
    head = plan_change(change, now=NOW).head.number
    url, browser = reverse("changes:bring-up-to-date", args=[change.pk]), signed_in(author)
    page = browser.post(url, {"head": head, "c0": "typed", "c0-typed": "Both of them"}, follow=True).content.decode()
    assert re.search(r'name="c0" value="typed" checked', page) and ">Both of them</textarea>" in page
    assert not re.search(r'name="c1" value="\w+" checked', page)
    assert page.count('value="draft" required') == 2
    page = browser.post(url, {"head": head - 1, "c0": "head"}, follow=True).content.decode()
    assert not re.search(r'name="c0" value="\w+" checked', page)  # of other conflicts, perhaps
    assert plan_change(change, now=NOW).conflicts
