"""The pages of queued messages, orders and hold rules: who may, what they say, what they refuse."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailconsole.audit.models import AuditEntry
from mailconsole.queues.models import HoldRule
from tests.support.factories import create_operator, create_viewer, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
LIST, ORDER, HOLDS = reverse("queues:messages"), reverse("queues:order"), reverse("queues:holds")


@pytest.fixture
def waiting(answering_node):
    answering_node.sink.stop()
    answering_node.send()
    answering_node.send(recipient="cy@partner.example")
    answering_node.until(lambda: answering_node.state() == ["Retry", "Retry"])
    return answering_node


def text(answer) -> str:
    return answer.content.decode().replace("&#x27;", "'")


def test_list__viewer__sees_why_and_no_buttons(waiting):
    page = text(signed_in(create_viewer()).get(LIST))
    assert "The next hop cannot be reached" in page and "cy@partner.example" in page
    assert page.count('/explain/" aria-label="Explain why ') == 2
    assert 'value="remove"' not in page and 'type="checkbox"' not in page


def test_list__filter_in_the_address__narrows(waiting):
    client = signed_in(create_operator())
    page = text(client.get(LIST, {"recipient": "cy@partner.example"}))
    assert "cy@partner.example" in page and "bo@partner.example" not in page
    assert "1 to 1 of 1 messages" in page
    assert "is not a duration" in text(client.get(LIST, {"older_than": "soon"}))
    assert "No queued message matches" in text(client.get(LIST, {"sender": "x' OR '1'='1"}))


def test_list__no_node__says_so(db):
    assert "No node reports now" in text(signed_in(create_viewer()).get(LIST))


def test_order__operator__sees_the_count_then_confirms(waiting):
    client = signed_in(create_operator())
    address = f"{ORDER}?verb=remove&recipient=cy@partner.example"
    seen = client.get(address)
    assert "Remove 1 message to cy@partner.example" in text(seen)
    assert len(waiting.state()) == 2
    token = seen.context["seen"].token
    refused = client.post(address, {"token": token, "with_ndr": "on"})
    assert "This field is required" in text(refused) and len(waiting.state()) == 2
    done = client.post(address, {"token": token, "with_ndr": "on", "reason": "sent twice"}, follow=True)
    assert "1 message removed." in text(done)
    assert AuditEntry.objects.get(action="message.remove").reason == "sent twice"


def test_order__could_not_be_counted__says_at_least_and_has_no_button(waiting):
    waiting.host.need().control.count_patience_s = -1.0
    page = text(signed_in(create_operator()).get(f"{ORDER}?verb=remove"))
    assert "at least 2 (" in page and "They could not all be counted in time" in page and 'name="token"' not in page


def test_order__chosen_messages__touch_no_other(waiting):
    client = signed_in(create_operator())
    row = client.get(LIST, {"recipient": "bo@partner.example"}).context["rows"][0]
    address = f"{ORDER}?verb=suspend&message={row.message.queue_id}"
    client.post(address, {"token": client.get(address).context["seen"].token})
    assert sorted(waiting.state()) == ["Retry", "Suspended"]


def test_order__stale__shows_the_count_of_now(waiting):
    client = signed_in(create_operator())
    address = f"{ORDER}?verb=suspend"
    answer = client.post(address, {"token": "old"}, follow=True)
    assert "The preview can't be read. Look again." in text(answer)
    assert answer.context["seen"].messages == 2


def test_order__misread_filter__is_refused_not_widened(waiting):
    answer = signed_in(create_operator()).get(f"{ORDER}?verb=remove&older_than=soon", follow=True)
    assert "Older than: " in text(answer) and answer.redirect_chain


@pytest.mark.parametrize("address", [f"{ORDER}?verb=remove", reverse("queues:hold-add")])
def test_order_and_hold__viewer__is_refused(db, address):
    client = signed_in(create_viewer())
    assert client.get(address).status_code == 403 and client.post(address).status_code == 403


def test_order__unknown_verb__is_not_found(db):
    assert signed_in(create_operator()).get(f"{ORDER}?verb=melt").status_code == 404


def test_export__operator__gets_an_eml__viewer_is_refused(waiting):
    operator, viewer = signed_in(create_operator()), signed_in(create_viewer())
    queue_id = operator.get(LIST).context["rows"][0].message.queue_id
    address = reverse("queues:export", args=["transport-1", queue_id])
    answer = operator.post(address)
    assert answer["Content-Type"] == "message/rfc822" and f"{queue_id}.eml" in answer["Content-Disposition"]
    assert b"Subject: hello" in b"".join(answer)
    assert viewer.post(address).status_code == 403 and operator.get(address).status_code == 405


def test_why__message_page_asks_its_node(waiting):
    client = signed_in(create_viewer())
    queue_id = client.get(LIST).context["rows"][0].message.queue_id
    page = text(client.get(reverse("queues:why", args=["transport-1", queue_id])))
    assert "The next hop cannot be reached" in page and "Next try" in page
    assert "in no queue now" in text(client.get(reverse("queues:why", args=["transport-1", "0000000000001"])))
    assert client.get(reverse("queues:why", args=["transport-1", "nonsense"])).status_code == 404


def test_holds__operator__adds_and_lifts(answering_node):
    client = signed_in(create_operator())
    said = {"sender": "ann@acme.example", "reason": "phishing <b>", "lasts": "4h"}
    page = text(client.post(reverse("queues:hold-add"), said, follow=True))
    assert "is in force on transport-1" in page and "phishing &lt;b&gt;" in page
    answering_node.send()
    assert answering_node.state() == ["Suspended"]
    rule = HoldRule.objects.get()
    assert rule.expires_at is not None
    held = text(client.get(LIST, {"hold": rule.rule_id}))
    assert "holds it: phishing" in held
    assert "is lifted" in text(client.post(reverse("queues:hold-lift", args=[rule.pk]), follow=True))
    answering_node.sink.wait_for(1)


def test_holds__empty_rule__is_refused_at_the_form(db):
    answer = signed_in(create_operator()).post(reverse("queues:hold-add"), {"reason": "x"})
    assert "would hold every message" in text(answer) and not HoldRule.objects.exists()


def test_holds__viewer__sees_and_cannot_lift(db):
    client = signed_in(create_viewer())
    assert "Nothing is held" in text(client.get(HOLDS))
    assert client.post(reverse("queues:hold-lift", args=[1])).status_code == 403


@pytest.mark.parametrize(
    ("field", "said", "words"),
    [
        ("sender", "rub bish", "is neither an address nor a domain"),
        ("recipient", "a b@c", "is not an address"),
        ("domain", "<>", "is not a domain"),
        ("lasts", "soon", "is not a duration"),
    ],
)
def test_hold__what_can_match_nothing__is_said_at_its_field(db, field, said, words):
    answer = signed_in(create_operator()).post(reverse("queues:hold-add"), {"reason": "x", field: said})
    assert words in answer.context["form"].errors[field][0]
    assert not HoldRule.objects.exists()
