"""What the change's page shows and asks of its items: comments, YAML, and conflicts field by field."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailconsole.changes.models import Notice
from mailconsole.changes.refusals import Conflict, DigestMoved, InvalidObject, NoSuchObject, SecretNotStored
from mailconsole.changes.services.break_glass import break_glass_publish
from mailconsole.changes.services.bring_up_to_date import Choice, Side, bring_up_to_date
from mailconsole.changes.services.comment_on_change import comment_on_change
from mailconsole.changes.services.ground import changes_of
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.services.revisions import head_revision
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.changes.states import ChangeState
from mailconsole.changes.views.items import items_of
from mailconsole.common.secrets import store_secret
from tests.mailconsole.changes.kit import NOW, create_change, publish_policy, reloaded, stage_policy
from tests.support.factories import create_administrator, create_editor, create_reviewer, signed_in

pytestmark = pytest.mark.django_db
POLICY = ("relay_policies", "scanners")


@pytest.fixture
def moved():
    """A draft of owner and purpose, both changed by somebody else meanwhile."""
    publish_policy()
    author = create_editor()
    change = open_change(author=author, now=NOW)
    stage_policy(change, author, "scanners", owner="IT", purpose="Scan", networks=["10.2.0.0/16"])
    publish_policy("scanners", owner="Print room", purpose="Print")
    return change


def settle(change, choices, **more):
    return bring_up_to_date(change=change, actor=change.author, choices=choices, now=NOW, **more)


def owner_and_purpose(owner, purpose):
    return {(*POLICY, "owner"): owner, (*POLICY, "purpose"): purpose}


@pytest.mark.parametrize(
    ("choice", "owner"),
    [
        (Choice(Side.DRAFT), "IT"),
        (Choice(Side.HEAD), "Print room"),
        (Choice(Side.BASE), "Facilities"),
        (Choice(Side.TYPED, "Both"), "Both"),
    ],
)
def test_settle__each_field_its_own_choice__keeps_everything_else(moved, choice, owner):
    change = settle(moved, owner_and_purpose(choice, Choice(Side.HEAD)))
    document = plan_change(change, now=NOW).document
    assert document is not None
    (policy,) = document.relay_policies
    assert (policy.owner, policy.purpose, policy.networks) == (owner, "Print", ("10.2.0.0/16",))


def test_settle__one_field_left_open__refuses_and_names_it(moved):
    with pytest.raises(Conflict) as told:
        settle(moved, {(*POLICY, "owner"): Choice(Side.HEAD)})
    assert [one.field for one in told.value.conflicts] == ["purpose"]
    assert reloaded(moved).base != head_revision()


def test_settle__typed_value_that_the_object_does_not_take__refuses_at_its_field(moved):
    with pytest.raises(InvalidObject) as told:
        settle(moved, owner_and_purpose(Choice(Side.TYPED, ["no", "name"]), Choice(Side.HEAD)))
    assert list(told.value.errors) == ["owner"]


def stage_secret(change, author, secret):
    store_secret(name=secret, value="x")
    connector = {"name": "Out", "address_spaces": [{"domain": "*"}], "smart_hosts": ["mx.contoso.com"],
                 "tls_level": "EncryptionOnly", "username": "relay", "password_secret": secret}  # fmt: skip
    stage_item(change=change, actor=author, kind="send_connectors", object_id="out", after=connector, now=NOW)


def test_settle__password_typed_instead_of_its_name__is_not_kept():
    author, publisher = create_editor(), create_administrator()
    first = create_change(author=publisher)
    connector = {"name": "Out", "address_spaces": [{"domain": "*"}], "smart_hosts": ["mx.contoso.com"]}
    stage_item(change=first, actor=publisher, kind="send_connectors", object_id="", after=connector, now=NOW)
    break_glass_publish(change=first, actor=publisher, reason="x", now=NOW)
    draft, other = open_change(author=author, now=NOW), open_change(author=publisher, now=NOW)
    stage_secret(draft, author, "ours")
    stage_secret(other, publisher, "theirs")
    break_glass_publish(change=other, actor=publisher, reason="x", now=NOW)
    with pytest.raises(SecretNotStored):
        settle(draft, {("send_connectors", "out", "password_secret"): Choice(Side.TYPED, "hunter2")})
    assert "hunter2" not in str(changes_of(draft))


def test_settle__head_moved_since_the_page_was_opened__asks_again(moved):
    seen = head_revision().number
    publish_policy("scanners", owner="Reception")
    with pytest.raises(DigestMoved):
        settle(moved, owner_and_purpose(Choice(Side.HEAD), Choice(Side.HEAD)), seen_head=seen)


def test_settle_page__radio_and_typed_value__are_staged(moved):
    browser, url = signed_in(moved.author), reverse("changes:bring-up-to-date", args=[moved.pk])
    page = browser.get(reverse("changes:detail", args=[moved.pk])).content.decode()
    assert "When it began" in page
    said = {"head": str(head_revision().number), "c0": "typed", "c0-typed": "Help desk", "c1": "draft"}
    assert "has to be settled" not in browser.post(url, said, follow=True).content.decode()
    (item,) = changes_of(moved)
    assert item.after is not None
    assert (item.after["owner"], item.after["purpose"]) == ("Help desk", "Scan")
    assert browser.get(url).status_code == 405


def test_settle_page__forged_head_of_many_digits__is_another_head(moved):
    browser, url = signed_in(moved.author), reverse("changes:bring-up-to-date", args=[moved.pk])
    answer = browser.post(url, {"head": "9" * 5000, "prefer": "draft"}, follow=True)
    assert "look at the conflicts again" in answer.content.decode()


def test_comment__on_an_item__stands_with_it_and_its_author_is_told():
    author, reviewer = create_editor(), create_reviewer()
    change = create_change(ChangeState.IN_REVIEW, author=author)
    comment = comment_on_change(
        change=change, actor=reviewer, text="Why all of it?", kind=POLICY[0], object_id=POLICY[1], now=NOW
    )
    assert (comment.kind, comment.object_id) == POLICY
    assert "Relay policy Scanners" in Notice.objects.get(person=author, news="commented").text
    assert not Notice.objects.filter(person=reviewer, news="commented").exists()
    page = signed_in(author).get(reverse("changes:detail", args=[change.pk])).content.decode()
    assert page.count("Why all of it?") >= 2
    assert "1 comment<" in page
    assert f"{reviewer} commented on Relay policy Scanners" in page


def test_times__in_another_time_zone__are_named_where_one_is_typed(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    change = create_change(author=create_editor())
    page = signed_in(change.author).get(reverse("changes:detail", args=[change.pk])).content.decode()
    assert "Empty means that it stays. Times are in Europe/Berlin." in page
    page = signed_in(change.author).get(reverse("tools:explain")).content.decode()
    assert "empty means now. Times are in Europe/Berlin." in page


def test_comment__on_what_is_no_item__refuses():
    with pytest.raises(NoSuchObject):
        comment_on_change(
            change=create_change(), actor=create_reviewer(), text="?", kind="relay_policies", object_id="x", now=NOW
        )


def test_items_of__one_field__is_shown_with_its_surroundings_and_unseen_characters_seen():
    publish_policy()
    author = create_editor()
    change = open_change(author=author, now=NOW)
    stage_policy(change, author, "scanners", owner="I\u202eT")
    lines = items_of(change, changes_of(change))[0].lines
    assert [one.text for one in lines if one.kind == "removed"] == ["-owner: Facilities"]
    (added,) = [one.text for one in lines if one.kind == "added"]
    assert "\u202e" not in added
    assert {one.kind for one in lines} == {"place", "same", "removed", "added"}
