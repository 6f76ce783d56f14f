"""A learning window turns what was seen into draft policies; it lets nobody in, and refuses what it must."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from mailconsole.audit.models import AuditEntry
from mailconsole.changes.models import Change, ChangeItem, Revision
from mailconsole.changes.refusals import NotAllowed
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.learning.models import LearningWindow
from mailconsole.learning.refusals import LearnsAlready, NoSuchConnector, NotLearning
from mailconsole.learning.services.draft_learned import Wish, policy_of
from mailconsole.learning.services.learned import learn
from mailconsole.learning.services.windows import LONGEST, start_learning, stop_learning
from mailconsole.tracking.models import Message, Refusal
from tests.mailconsole.changes.kit import publish_policy
from tests.support.factories import create_editor, create_viewer, signed_in
from tests.support.traffic import Traffic

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def traffic():
    """Five scanners relay, one application is refused, one client writes to a domain of ours."""
    made = Traffic(at=(NOW - timedelta(hours=1)).timestamp())
    for number in range(1, 6):
        made.receive("x@partner.example", sender="scan@contoso.example", peer=f"10.1.2.{number}", tls="TLSv1.3")
    made.refuse()
    made.ingest()
    return made


def begin(editor=None, **fields):
    said = {"connector_id": "default", "back": WEEK, "ahead": WEEK, "now": NOW}
    return start_learning(actor=editor or create_editor(), **said | fields)


def lesson():
    document = load_document(head_revision())
    return learn("default", begins_at=NOW - WEEK, ends_at=NOW, document=document)


def test_learn__clients_with_the_same_senders__are_one_candidate_with_its_network_suggested(traffic):
    accepted, refused = lesson().learned
    assert accepted.candidate.networks == ("10.1.2.1", "10.1.2.2/31", "10.1.2.4/31")
    assert accepted.candidate.suggested == ("10.1.2.0/24",)
    assert (accepted.candidate.sender_domains, accepted.candidate.is_tls_always) == (("contoso.example",), True)
    assert refused.candidate.is_refused and refused.candidate.networks == ("127.0.0.2",)
    assert refused.candidate.recipient_domains == ("fabrikam.example",)


def test_learn__what_a_policy_admits_already__is_told(traffic):
    publish_policy(networks=["10.1.2.0/24"], sender_addresses=["contoso.example"])
    assert [one.admitted_by for one in lesson().learned] == ["Scanners", ""]


def test_learn__outside_the_window_or_on_another_connector__sees_nothing(traffic):
    document = load_document(head_revision())
    assert not learn("client", begins_at=NOW - WEEK, ends_at=NOW, document=document).learned
    assert not learn("default", begins_at=NOW, ends_at=NOW + WEEK, document=document).learned


def test_window__is_bounded_and_changes_no_mail_flow():
    window = begin(back=timedelta(days=20), ahead=timedelta(days=90))
    assert window.ends_at - window.begins_at == LONGEST
    assert Revision.objects.count() == 1 and not Change.objects.exists()
    assert AuditEntry.objects.get(action="learning.started").object_id == "default"


def test_window__goes_on__a_second_is_refused_until_it_is_ended():
    editor = create_editor()
    begin(editor)
    with pytest.raises(LearnsAlready, match="Default learns until"):
        begin(editor)
    stop_learning(actor=editor, connector_id="default", now=NOW + timedelta(minutes=1))
    with pytest.raises(NotLearning):
        stop_learning(actor=editor, connector_id="default", now=NOW + timedelta(minutes=2))
    assert begin(editor, now=NOW + timedelta(minutes=3)).pk


def test_window__of_a_viewer_or_no_connector__is_refused():
    with pytest.raises(NotAllowed):
        begin(create_viewer())
    with pytest.raises(NoSuchConnector):
        begin(connector_id="nowhere")
    assert not LearningWindow.objects.exists()


def test_page__chosen_candidate__is_staged_for_its_network_and_senders(traffic):
    editor = create_editor()
    browser = signed_in(editor)
    assert browser.post(reverse("learning:start", args=["default"]), {"back": "7", "ahead": "7"}).status_code == 302
    page = browser.get(reverse("learning:learned", args=["default"])).content.decode()
    assert "10.1.2.0/24" in page and "fabrikam.example" in page
    explain = lesson().learned[0].explain_url
    assert explain.replace("&", "&amp;") in page
    asked = browser.get(explain).context["form"]
    assert asked.is_valid() and asked.question.sender == "somebody@contoso.example"
    key = lesson().learned[0].key
    said = {"owner": "Facilities", "purpose": "Scan to mail", "recipients": "seen", "chosen": [key], "network": [key]}
    answer = browser.post(reverse("learning:draft", args=["default"]), said)
    item = ChangeItem.objects.get()
    assert answer["Location"] == reverse("changes:detail", args=[item.change_id])
    assert item.after is not None
    assert item.after["networks"] == ["10.1.2.0/24"] and item.after["is_tls_required"]
    assert item.after["sender_addresses"] == ["contoso.example"]
    assert item.after["recipient_addresses"] == ["partner.example"]
    assert (item.after["owner"], item.after["expires_at"][:4]) == ("Facilities", str((NOW + timedelta(days=365)).year))
    assert Revision.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"chosen": ["0" * 16], "owner": "a", "purpose": "b"}, "1 of the chosen is not there any more"),
        ({"chosen": [], "owner": "", "purpose": "b"}, "This field is required"),
    ],
)
def test_page__nothing_chosen_or_nobody_to_ask__is_refused_and_stages_nothing(traffic, said, words):
    begin()
    answer = signed_in(create_editor()).post(reverse("learning:draft", args=["default"]), {"recipients": "any"} | said)
    assert answer.status_code == 422 and words in answer.content.decode()
    assert not ChangeItem.objects.exists()


def test_page__viewer__sees_what_was_learned_but_may_change_nothing(traffic):
    begin()
    browser = signed_in(create_viewer())
    page = browser.get(reverse("learning:learned", args=["default"])).content.decode()
    assert "10.1.2.1" in page and "Draft the chosen" not in page
    for name in ("start", "stop", "draft"):
        assert browser.post(reverse(f"learning:{name}", args=["default"])).status_code == 403
    assert browser.get(reverse("learning:learned", args=["nowhere"])).status_code == 404


def test_connector_page__leads_to_it():
    page = signed_in(create_viewer()).get(reverse("mailflow:receive-connector-show", args=["default"]))
    assert reverse("learning:learned", args=["default"]) in page.content.decode()


def test_learn__signed_in_and_not__are_different_clients():
    made = Traffic(at=(NOW - timedelta(hours=1)).timestamp())
    made.receive("x@partner.example", peer="10.5.5.5", identity="erp")
    made.receive("x@partner.example", peer="10.5.5.5")
    made.ingest()
    assert (Message.objects.count(), Refusal.objects.count()) == (2, 0)
    assert sorted(one.candidate.identities for one in lesson().learned) == [(), ("erp",)]


def test_learn__refused_as_somebody_else__is_no_part_of_what_it_did():
    made = Traffic(at=(NOW - timedelta(hours=1)).timestamp())
    made.receive("x@partner.example", sender="a@contoso.example", peer="10.5.5.5")
    made.refuse(peer="10.5.5.5", sender="ceo@evil.example")
    made.ingest()
    accepted, refused = (one.candidate for one in lesson().learned)
    assert (accepted.sender_domains, accepted.is_refused) == (("contoso.example",), False)
    assert (refused.sender_domains, refused.is_refused) == (("evil.example",), True)


def test_policy__of_the_null_sender_only__is_off():
    made = Traffic(at=(NOW - timedelta(hours=1)).timestamp())
    made.receive("x@partner.example", sender="", peer="10.5.5.5")
    made.ingest()
    (one,) = lesson().learned
    policy = policy_of(one, Wish("Mail", "x", is_to_seen_domains=True), now=NOW)
    assert (policy["sender_addresses"], policy["is_enabled"]) == ([], False)


@pytest.mark.parametrize(("count", "is_enabled"), [(20, True), (21, False)])
def test_policy__to_the_domains_seen__never_becomes_one_to_anywhere_however_many_the_peer_named(count, is_enabled):
    made = Traffic(at=(NOW - timedelta(hours=1)).timestamp())
    for number in range(count):
        made.refuse(recipient=f"x@d{number:02}.example")
    made.ingest()
    (one,) = lesson().learned
    policy = policy_of(one, Wish("Mail", "x", is_to_seen_domains=True), now=NOW)
    assert policy["recipient_addresses"] == [f"d{number:02}.example" for number in range(20)]
    assert (policy["is_enabled"], "more than 20 domains" in policy["comment"]) == (is_enabled, not is_enabled)
    anywhere = policy_of(one, Wish("Mail", "x", is_to_seen_domains=False), now=NOW)
    assert (anywhere["recipient_addresses"], anywhere["is_enabled"]) == ([], True)


def test_policy__no_domain_was_seen__is_off():
    made = Traffic(at=(NOW - timedelta(hours=1)).timestamp())
    made.refuse(recipient="postmaster")
    made.ingest()
    (one,) = lesson().learned
    policy = policy_of(one, Wish("Mail", "x", is_to_seen_domains=True), now=NOW)
    assert (policy["recipient_addresses"], policy["is_enabled"]) == ([], False)
