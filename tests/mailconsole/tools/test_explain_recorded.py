"""From every recorded refusal and message one click leads to Explain; asked under the revision that decided, at that
time, it gives the verdict, the reply and the steps that were recorded."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from mailconsole.changes.services.revisions import ensure_initial_revision, head_revision, load_document, lock_head
from mailconsole.changes.services.revisions import store_revision as store
from mailconsole.changes.states import Way
from mailconsole.environment import HostPort
from mailconsole.runtime.demo import mail_flow as demo
from mailconsole.runtime.demo import traffic
from mailconsole.tracking.explained import decided_url, now_url
from mailconsole.tracking.models import Message, Refusal
from mailconsole.tracking.services.ingest import ingest_events
from tests.mailconsole.changes.kit import publish_policy
from tests.support import listener
from tests.support.factories import create_viewer, signed_in
from tests.support.listener import running
from tests.support.traffic import Traffic
from transport.config.document import MailFlow
from transport.model.envelope import encode_queue_id
from transport.rules.ruleset import compile_ruleset

pytestmark = pytest.mark.django_db


def publish(document: MailFlow, **sections: object) -> MailFlow:
    document = MailFlow.model_validate(document.model_dump(mode="json") | sections)
    ensure_initial_revision()
    store(head=lock_head(), document=document, way=Way.INITIAL, now=timezone.now())
    return document


def ingest(server) -> None:
    events = [(number, event.to_json()) for number, event in enumerate(server.intake.events, 1)]
    ingest_events(node="transport-1", events=events)


def demo_parcels(server, count: int) -> None:
    relay = HostPort("127.0.0.1", server.address()[1])
    for parcel in itertools.islice(traffic.stream(random.Random(7)), count):
        traffic.send(parcel, relay)


def explained(browser, url: str):
    page = browser.get(url)
    assert page.context["form"].is_valid(), page.context["form"].errors
    return page.context["explanation"].verdict


def agrees(refusal: Refusal, verdict) -> bool:
    steps = [step.row for step in verdict.trail]
    recorded = (refusal.action, refusal.stage, refusal.reply, refusal.reason)
    said = (verdict.action, verdict.stage, str(verdict.reply), verdict.reason)
    return said == recorded and all(row in steps for row in refusal.trail)


def refused_in_many_ways(server) -> None:
    """What the demo does not do: too large, without TLS, hidden behind a name that is none, no recipient yet."""
    for lines in (["MAIL FROM:<a@demo.example> SIZE=99999999999"], ["MAIL FROM:<>", "RCPT TO:<x@nowhere.example>"],
                  ["MAIL FROM:<a@demo.example> SIZE=1500", "RCPT TO:<b@other.example>"]):  # fmt: skip
        with server.greeted() as client:
            for line in lines:
                client.command(line)


def test_explain__each_recorded_refusal_of_the_demo__gives_the_same_verdict_and_reply():
    quick = [listener.connector().model_dump(mode="json")]
    document = publish(demo.with_demo(load_document(head_revision()), sink_port=2525), receive_connectors=quick)
    browser = signed_in(create_viewer())
    with running(document) as server:
        server.apply(document, revision=2)
        demo_parcels(server, 60)
        refused_in_many_ways(server)
        server.apply(publish(document, ip_block_list=[{"network": "127.0.1.0/24"}]), revision=3)
        demo_parcels(server, 5)
    ingest(server)
    publish(document, relay_policies=[])
    refusals = list(Refusal.objects.all())
    assert {one.stage for one in refusals} == {"connect", "mail", "rcpt"} and len(refusals) >= 10
    for refusal in refusals:
        page = browser.get(reverse("tracking:refusal", args=[refusal.pk]))
        verdict = explained(browser, page.context["decided_url"])
        assert agrees(refusal, verdict), (refusal.reply, refusal.reason, verdict)
    for message in Message.objects.exclude(peer=""):
        url = reverse("tracking:message-explain", args=["transport-1", encode_queue_id(message.spool_id)])
        assert explained(browser, browser.get(url).headers["Location"]).is_accepted


def test_explain__refused_by_a_list_in_dns__answers_as_the_list_did_then(system_names):
    block = {"id": "bl", "name": "BL", "lookup_domain": "bl.example", "is_any_match": True}
    document = publish(load_document(head_revision()), ip_block_list_providers=[block], accepted_domains=[
        {"id": "c", "name": "C", "domain": "contoso.com", "domain_type": "InternalRelay"}])  # fmt: skip
    trail = [["ip_block_list_providers", "bl", "BL", "yes", "bl.example lists the client (127.0.0.2)."]]
    row = Refusal.objects.create(
        id=1, node_id=1, received_at=datetime.now(UTC), stage="rcpt", action="refuse", peer="9.9.9.9", helo="x",
        binding="smtp", connector_id="default", session_id="s", sender="a@x.example", recipient="b@contoso.com",
        sender_domain="x.example", recipient_domain="contoso.com", size_bytes=0, trail=trail, revision=2,
        reply="550 5.7.1 9.9.9.9 is listed by BL",
    )  # fmt: skip
    browser = signed_in(create_viewer())
    then, now = explained(browser, decided_url(row)), explained(browser, now_url(row))
    assert (then.reply.code, [step.row for step in then.trail][-1]) == (550, trail[0])
    assert now.is_accepted and now.trail[-1].because == "bl.example does not list the client."
    assert compile_ruleset(document).list_providers


@pytest.mark.parametrize("place", ["tracking:refusals", "tracking:refusal", "tracking:messages"])
def test_explain__from_a_place_that_shows_attempts__is_one_click_away(place):
    publish_policy(networks=["10.1.0.0/16"])
    told = Traffic()
    told.refuse(sender='"<b>"@x.example', size_bytes=0)
    message_id = told.receive("bob@fabrikam.example")
    told.ingest()
    browser = signed_in(create_viewer())
    if place == "tracking:messages":
        page = browser.get(reverse("tracking:message", args=["transport-1", encode_queue_id(message_id)]))
    else:
        page = browser.get(reverse(place, args=[Refusal.objects.get().pk] if place.endswith("refusal") else []))
    assert f'href="{reverse("tools:explain")}?peer=127.0.0.2&amp;binding=smtp&amp;helo=' in page.text
    assert "under=r3" in page.text


@pytest.mark.parametrize("listings", ["{", "[1]", '[["a"]]', "[" * 5000, '"x"'])
def test_page__listings_that_somebody_wrote__are_refused_or_mean_nothing(listings):
    asked = {"peer": "9.9.9.9", "binding": "smtp", "recipient": "b@x.example", "lists": "recorded"}
    page = signed_in(create_viewer()).get(reverse("tools:explain"), asked | {"listings": listings})
    assert page.status_code == 200 and page.context["explanation"] is None


def test_page__size_to_the_octet__holds_until_the_size_is_changed():
    asked = {"peer": "10.1.2.3", "binding": "smtp", "recipient": "b@x.example", "size_bytes": "1500"}
    browser, url = signed_in(create_viewer()), reverse("tools:explain")
    for size_kb, octets in (("2", 1500), ("3", 3072), ("", 0)):
        form = browser.get(url, asked | {"size_kb": size_kb}).context["form"]
        assert form.is_valid() and form.question.size_bytes == octets


def third_revision() -> None:
    """The one that `Traffic` was decided under."""
    for name in ("A", "B"):
        publish_policy(name=name)


@pytest.mark.parametrize(
    ("stage", "reply", "says"),
    [
        ("data", "550 5.7.1 No lotteries here", "What the message said decided that"),
        ("auth", "535 5.7.8 Authentication credentials invalid", "A password"),
        ("rcpt", "452 4.5.3 Too many recipients", "Limits that the client had reached"),
        ("rcpt", "550 5.7.1 Unable to relay", ""),
    ],
)
def test_refusal_that_rules_alone_cant_say_again__stands_above_the_answer_with_why(stage, reply, says):
    third_revision()
    traffic = Traffic()
    traffic.refuse(stage=stage, reply=reply, reason="Rule <b>.", peer="127.0.0.2")
    traffic.ingest()
    refusal, browser = Refusal.objects.get(), signed_in(create_viewer())
    page = browser.get(decided_url(refusal))
    assert "<strong>Then</strong>" in page.text and reply in page.text and "Rule &lt;b&gt;." in page.text
    assert page.context["then"].why_otherwise.startswith(says) and bool(page.context["then"].why_otherwise) == bool(
        says
    )
    assert reverse("tracking:refusal", args=[refusal.pk]) in page.text


def test_refusal_that_is_gone_or_of_another_attempt__is_not_told():
    third_revision()
    traffic = Traffic()
    traffic.refuse()
    traffic.ingest()
    refusal, browser = Refusal.objects.get(), signed_in(create_viewer())
    url = decided_url(refusal)
    assert browser.get(url.replace("peer=127.0.0.2", "peer=127.0.0.3")).context["then"] is None
    refusal.delete()
    assert browser.get(url).context["then"] is None
