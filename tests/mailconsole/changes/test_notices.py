"""Who is told of what, in the bell and by mail: those concerned, never who did it, one mail for a burst."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.urls import reverse

from mailconsole.changes.models import MailWish, Notice
from mailconsole.changes.refusals import NoAddress
from mailconsole.changes.services.break_glass import break_glass_publish, review_afterwards
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.mail_notices import BURST, TRY_AGAIN, mail_due
from mailconsole.changes.services.notices import forget_old, unread, wish_mail
from mailconsole.changes.services.request_changes import request_changes
from mailconsole.changes.services.withdraw_change import withdraw_change
from mailconsole.changes.states import ChangeState, News
from mailconsole.nodes.dispatch import NodeCommand, NodeDidNotAnswer, NodeRefusedCommand
from mailconsole.nodes.models import Node
from tests.mailconsole.changes.kit import NOW, create_change
from tests.support.factories import create_administrator, create_editor, create_person, create_reviewer, signed_in

pytestmark = pytest.mark.django_db
LATER = NOW + BURST


def news_of(person):
    return [one.news for one in unread(person)]


def test_submit__reviewers_are_told_and_nobody_else():
    reviewer, administrator, editor = create_reviewer(), create_administrator(), create_editor()
    gone = create_reviewer(is_active=False)
    create_change(ChangeState.IN_REVIEW, author=administrator)
    assert news_of(reviewer) == [News.REVIEW_WANTED]
    assert news_of(administrator) == news_of(editor) == news_of(gone) == []


def test_author__hears_of_approval_publishing_and_of_what_is_wanted():
    author = create_editor()
    create_change(ChangeState.PUBLISHED, author=author)
    assert news_of(author) == [News.PUBLISHED, News.APPROVED]
    other = create_editor()
    change = create_change(ChangeState.IN_REVIEW, author=other, name="Plotters", networks=["10.3.0.0/16"])
    request_changes(change=change, actor=create_reviewer(), digest=digest_of(change), comment="Too broad", now=NOW)
    assert "Too broad" in unread(other).get().text


def test_break_glass__everybody_is_told_but_who_did_it():
    administrator, viewer, nobody = create_administrator(), create_editor(), create_person()
    change = create_change(author=administrator)
    break_glass_publish(change=change, actor=administrator, reason="Mail is down", now=NOW)
    assert news_of(viewer) == [News.BREAK_GLASS]
    assert "without a review: Mail is down. A review is owed." in unread(viewer).get().text
    assert news_of(administrator) == news_of(nobody) == []


def test_bell__counts_lists_and_is_read_by_looking_at_the_change():
    reviewer = create_reviewer()
    change = create_change(ChangeState.IN_REVIEW)
    browser = signed_in(reviewer)
    assert "1 change waits for you 1 unread notice<" in browser.get(reverse("changes:bell")).content.decode()
    page = browser.get(reverse("changes:notices")).content.decode()
    assert "asks for a review of" in page
    browser.get(reverse("changes:detail", args=[change.pk]))
    assert news_of(reviewer) == []


def test_page_that_follows__asks_for_itself__reads_no_notice_and_takes_nothing_said_from_its_reader():
    reviewer, change = create_reviewer(), create_change(ChangeState.IN_REVIEW)
    browser, page = signed_in(reviewer), reverse("changes:detail", args=[change.pk])
    browser.post(reverse("changes:approve", args=[change.pk]), {"digest": "old", "comment": "Fine by me"})
    followed = browser.get(page, headers={"X-Follows": "1"}).content.decode()
    assert "edited after you opened it" not in followed
    assert news_of(reviewer) == [News.REVIEW_WANTED]
    opened = browser.get(page).content.decode()
    assert "edited after you opened it" in opened
    assert "Fine by me" in opened
    assert news_of(reviewer) == []


def test_read_of_change__by_post__reads_those_of_that_change_and_only_ones_own():
    one, two = create_reviewer(), create_reviewer()
    change = create_change(ChangeState.IN_REVIEW)
    create_change(ChangeState.IN_REVIEW, name="Plotters", networks=["10.3.0.0/16"])
    address = reverse("changes:read", args=[change.pk])
    assert signed_in(one).get(address).status_code == 405
    assert signed_in(one).post(address).status_code == 204
    assert unread(one).get().change_id != change.pk
    assert unread(two).count() == 2


def test_read_all__by_post_and_only_ones_own():
    one, two = create_reviewer(), create_reviewer()
    create_change(ChangeState.IN_REVIEW)
    browser = signed_in(one)
    assert browser.get(reverse("changes:notices-read")).status_code == 405
    browser.post(reverse("changes:notices-read"))
    assert (news_of(one), news_of(two)) == ([], [News.REVIEW_WANTED])


def test_wish_mail__without_an_address__refuses():
    with pytest.raises(NoAddress):
        wish_mail(person=create_reviewer(), is_wanted=True, now=NOW)
    answer = signed_in(create_reviewer()).post(reverse("changes:notices-mail"), {"wanted": "yes"}, follow=True)
    assert "You have no mail address" in answer.content.decode()
    assert not MailWish.objects.exists()


@pytest.fixture
def node(monkeypatch):
    """A node that takes what it is asked to, or fails as ``node.problem`` says."""
    Node.objects.create(name="transport-1", worker="w@1")

    class Asked:
        mails: list[str] = []
        problem: Exception | None = None

        def __call__(self, name, command, arguments):
            assert (name, command) == ("transport-1", NodeCommand.SUBMIT)
            if self.problem is not None:
                raise self.problem
            self.mails.append(base64.b64decode(arguments["content"]).decode())

    asked = Asked()
    asked.mails = []
    monkeypatch.setattr("mailconsole.nodes.dispatch.ask_node", asked)
    return asked


def reader(**fields):
    person = create_reviewer(email="ann@contoso.com", **fields)
    wish_mail(person=person, is_wanted=True, now=NOW)
    return person


def test_mail__a_burst__is_one_mail_that_nobody_answers(node):
    reader()
    create_change(ChangeState.IN_REVIEW)
    create_change(ChangeState.IN_REVIEW, name=["Plotters", "\nBcc: x@y.example"][0], networks=["10.3.0.0/16"])
    assert mail_due(now=LATER - timedelta(seconds=1)) == 0
    assert mail_due(now=LATER) == 1
    (mail,) = node.mails
    assert "To: ann@contoso.com" in mail
    assert "Subject: Mailconsole: 2 notices" in mail
    assert "Auto-Submitted: auto-generated" in mail
    assert mail_due(now=LATER + BURST) == 0


def test_mail__read_already_or_not_wanted_or_switched_off__is_not_sent(node):
    wanted, gone = reader(), reader()
    create_reviewer(email="bob@contoso.com")
    create_change(ChangeState.IN_REVIEW)
    Notice.objects.filter(person=wanted).update(read_at=NOW)
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    assert mail_due(now=LATER) == 0
    assert node.mails == []


@pytest.mark.parametrize("problem", [NodeRefusedCommand("disk is full"), NodeDidNotAnswer("silent")])
def test_mail__node_does_not_take_it__is_shown_and_tried_again_later(node, problem):
    person = reader()
    create_change(ChangeState.IN_REVIEW)
    node.problem = problem
    assert mail_due(now=LATER) == 0
    assert str(problem) in signed_in(person).get(reverse("changes:notices")).content.decode()
    node.problem = None
    assert mail_due(now=LATER + timedelta(seconds=15)) == 0
    assert mail_due(now=LATER + TRY_AGAIN) == 1


def test_forget_old__keeps_three_months():
    create_reviewer()
    create_change(ChangeState.IN_REVIEW)
    forget_old(NOW + timedelta(days=89))
    assert Notice.objects.count() == 1
    forget_old(NOW + timedelta(days=91))
    assert Notice.objects.count() == 0


def test_mail__address_that_is_none__is_shown_and_keeps_nobody_else_waiting(node):
    broken, other = reader(), reader()
    type(broken).objects.filter(pk=broken.pk).update(email="ann@contoso.com\nBcc: x@y.example")
    create_change(ChangeState.IN_REVIEW)
    assert mail_due(now=LATER) == 1
    assert "No mail can be addressed" in MailWish.objects.get(person=broken).problem
    assert MailWish.objects.get(person=other).problem == ""
    assert Notice.objects.get(person=broken).mailed_at is None


def test_mail__something_new_again_and_again__waits_five_minutes_at_most(node):
    person, change = reader(), create_change()
    for seconds in range(0, 320, 20):
        Notice.objects.create(person=person, change=change, news=News.COMMENTED, text="Look",
                              created_at=NOW + timedelta(seconds=seconds))  # fmt: skip
        assert mail_due(now=NOW + timedelta(seconds=seconds)) == (1 if seconds == 300 else 0)


def test_review_wanted__withdrawn_or_given_back_meanwhile__is_no_news_any_more():
    reviewer, author = create_reviewer(), create_editor()
    withdrawn = create_change(ChangeState.IN_REVIEW, author=author)
    withdraw_change(change=withdrawn, actor=author, now=NOW)
    assert news_of(reviewer) == []
    back = create_change(ChangeState.IN_REVIEW, name="Plotters", networks=["10.3.0.0/16"])
    request_changes(change=back, actor=create_reviewer(), digest=digest_of(back), comment="Too broad", now=NOW)
    assert news_of(reviewer) == []


def test_review_afterwards__given__is_told_to_who_published_and_who_wrote_it():
    administrator, author = create_administrator(), create_editor()
    change = create_change(author=author)
    break_glass_publish(change=change, actor=administrator, reason="Mail is down", now=NOW)
    review_afterwards(change=change, actor=create_reviewer(), comment="Was right", now=NOW)
    assert "Was right" in unread(administrator).get().text
    assert news_of(author) == [News.REVIEWED_AFTERWARDS, News.BREAK_GLASS]
