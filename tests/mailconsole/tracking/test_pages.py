"""The trace's pages: what they say, to whom, and that hostile text stays text."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailconsole.tracking.models import Refusal
from tests.support.factories import create_editor, create_viewer, signed_in
from tests.support.traffic import FAILED_REPLY, Traffic
from transport.model.envelope import encode_queue_id
from transport.model.event import EventId

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\u202e\x07"


def message_url(message_id: int) -> str:
    return reverse("tracking:message", args=["transport-1", encode_queue_id(message_id)])


def test_message__whole_life__is_told_step_by_step():
    traffic = Traffic()
    message_id = traffic.receive()
    traffic.route(message_id)
    traffic.defer(message_id)
    traffic.fail(message_id)
    traffic.add(EventId.DSN, message_id=message_id, detail={"kind": "failed", "dsn_message_id": 4711})
    traffic.ingest()

    page = signed_in(create_viewer()).get(message_url(message_id)).content.decode()

    steps = ["Received", "accepted domain", "Routed", "Passed over", "Deferred", "Greylisted", "Failed", FAILED_REPLY]
    positions = [page.index(step, page.index("What happened")) for step in steps]
    assert positions == sorted(positions)
    assert message_url(4711) in page
    assert "hx-trigger" not in page[page.index('id="message"') :]


def test_message__unfinished__asks_again_and_hears_nothing_while_nothing_happened():
    traffic = Traffic()
    message_id = traffic.receive()
    traffic.ingest()
    client = signed_in(create_viewer())
    assert 'hx-trigger="every 2s"' in client.get(message_url(message_id)).content.decode()

    assert client.get(message_url(message_id), {"seen": "1-pending"}).status_code == 204
    traffic.send(message_id)
    traffic.ingest()
    assert client.get(message_url(message_id), {"seen": "1-pending"}).status_code == 200


def test_message__very_many_recipients__shows_first_those_that_need_attention():
    traffic = Traffic()
    addresses = [f"user{number}@fabrikam.example" for number in range(300)]
    message_id = traffic.receive(*addresses)
    for address in addresses[:-1]:
        traffic.send(message_id, address)
    traffic.fail(message_id, addresses[-1])
    traffic.ingest()

    answer = signed_in(create_viewer()).get(message_url(message_id))

    assert next(iter(answer.context["recipients"])).address == addresses[-1]
    assert "The first 200 of 300 recipients" in answer.content.decode()


def test_pages__hostile_text__is_escaped_and_shown_without_control_characters():
    traffic = Traffic()
    message_id = traffic.receive(
        f"{HOSTILE}@x.example", sender=HOSTILE, subject=HOSTILE, helo=HOSTILE, identity=HOSTILE
    )
    traffic.fail(message_id, f"{HOSTILE}@x.example", reply=f"550 {HOSTILE}")
    traffic.refuse(helo=HOSTILE, reply=f"550 {HOSTILE}", reason=HOSTILE, sender=HOSTILE, trail=[[HOSTILE] * 5])
    traffic.ingest()
    client = signed_in(create_viewer())
    refusal = reverse("tracking:refusal", args=[Refusal.objects.get().pk])
    search = f"{reverse('common:search')}?q=x.example"

    for url in (
        message_url(message_id),
        reverse("tracking:messages"),
        reverse("tracking:refusals"),
        refusal,
        search,
        "/",
    ):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page, url
        assert "\u202e" not in page, url
        assert "\x07" not in page, url


def test_message__of_another_node_or_no_queue_id__is_not_found():
    traffic = Traffic()
    queue_id = encode_queue_id(traffic.receive())
    traffic.ingest()
    client = signed_in(create_viewer())

    assert client.get(reverse("tracking:message", args=["transport-9", queue_id])).status_code == 404
    assert client.get(reverse("tracking:message", args=["transport-1", "nonsense"])).status_code == 404


def test_refusal__editor__can_draft_a_relay_policy_from_it():
    traffic = Traffic()
    traffic.refuse()
    traffic.ingest()
    url = reverse("tracking:refusal", args=[Refusal.objects.get().pk])

    page = signed_in(create_editor()).get(url).content.decode()

    assert "Draft a relay policy from this" in page
    for part in ("network=127.0.0.2", "sender_address=contoso.example", "recipient_address=fabrikam.example"):
        assert part in page
    assert "550 5.7.1 Unable to relay" in page
    assert "No relay policy admits" in page


def test_refusal__viewer__is_told_whom_to_ask_instead():
    traffic = Traffic()
    traffic.refuse()
    traffic.ingest()

    page = signed_in(create_viewer()).get(reverse("tracking:refusal", args=[Refusal.objects.get().pk])).content.decode()

    assert "Draft a relay policy from this" not in page
    assert "ask an editor" in page


def test_refusal__at_connect__no_relay_policy_would_help():
    traffic = Traffic()
    traffic.refuse(stage="connect", sender="", recipient="")
    traffic.ingest()

    page = signed_in(create_editor()).get(reverse("tracking:refusal", args=[Refusal.objects.get().pk])).content.decode()

    assert "Draft a relay policy" not in page


@pytest.mark.parametrize(("create", "is_offered"), [(create_editor, True), (create_viewer, False)])
def test_refusals__most_frequent__are_drafted_from_by_editors_only(create, is_offered):
    traffic = Traffic()
    traffic.refuse()
    traffic.ingest()
    page = signed_in(create()).get(reverse("tracking:refusals")).content.decode()
    assert ("Draft a policy" in page) is is_offered
    assert ("recipient_address=fabrikam.example" in page) is is_offered


def test_message__receive_connector__is_named_and_led_to():
    traffic = Traffic()
    message_id = traffic.receive()
    traffic.ingest()
    page = signed_in(create_viewer()).get(message_url(message_id)).content.decode()
    assert '<a href="/mail-flow/receive-connectors/show/default/">Default</a>, under revision' in page


def test_refusals__same_attempt_again__is_grouped():
    traffic = Traffic()
    for _ in range(3):
        traffic.refuse()
    traffic.refuse(peer="192.0.2.9")
    traffic.ingest()
    client = signed_in(create_viewer())

    groups = client.get(reverse("tracking:refusals")).context["groups"]
    filtered = client.get(reverse("tracking:refusals"), {"peer": "192.0.2.9"}).context["page"].refusals

    assert [(group.count, group.last.peer) for group in groups] == [(3, "127.0.0.2"), (1, "192.0.2.9")]
    assert [refusal.peer for refusal in filtered] == ["192.0.2.9"]


def test_lists__filters_that_cannot_be_read__say_so_and_filter_nothing():
    traffic = Traffic()
    traffic.receive()
    traffic.ingest()
    client = signed_in(create_viewer())

    page = client.get(reverse("tracking:messages"), {"since": "yesterday", "status": "nonsense", "after": "x"})

    assert page.status_code == 200
    assert len(page.context["page"].messages) == 1
    assert "Enter a valid date" in page.content.decode()


def test_export__messages__leave_as_csv_without_formulas():
    traffic = Traffic()
    traffic.receive(subject="=cmd()")
    traffic.ingest()

    answer = signed_in(create_viewer()).get(reverse("tracking:messages-export", args=["csv"]))

    assert "attachment" in answer["Content-Disposition"]
    assert "'=cmd()" in answer.content.decode()


def test_pages__nobody_signed_in__ask_to_sign_in(client):
    for url in (reverse("tracking:messages"), reverse("tracking:refusals"), "/live/stream", "/live/poll", "/queues/"):
        answer = client.get(url)
        assert answer.status_code == 302
        assert "/account/sign-in/" in answer["Location"]


def test_search__more_than_fit__leads_to_all_of_them():
    traffic = Traffic()
    for _ in range(9):
        traffic.receive("many@fabrikam.example")
    traffic.ingest()

    page = signed_in(create_viewer()).get(reverse("common:search"), {"q": "many@fabrikam.example"}).content.decode()

    assert f"{reverse('tracking:messages')}?q=many%40fabrikam.example" in page
