"""The Queues page and its buttons: who may press them, what they reach, what the audit says."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailconsole.audit.models import AuditEntry
from mailconsole.nodes import dispatch
from mailconsole.nodes.models import Node
from mailconsole.queues.models import QueueSuspension
from mailconsole.queues.services import queues as services
from tests.support.factories import create_operator, create_viewer, signed_in
from tests.support.snapshots import node, queue, show
from transport.model.snapshot import QueueStatus

pytestmark = pytest.mark.django_db
KEY = "DnsConnectorDelivery/internet/fabrikam.example"
HOSTILE = "<img src=x onerror=alert(1)>\u202e"


@pytest.fixture
def asked(monkeypatch) -> list[tuple[str, str, str]]:
    """What nodes were asked; they do as they are told."""
    asked: list[tuple[str, str, str]] = []

    def ask_node(node, command, arguments):
        asked.append((node, command.value, arguments["queue_key"]))

    def ask_nodes(command, arguments):
        asked.append(("all", command.value, ""))
        return dispatch.Answers({"transport-1": None, "transport-2": None})

    monkeypatch.setattr(services, "ask_node", ask_node)
    monkeypatch.setattr(services, "ask_nodes", ask_nodes)
    return asked


def test_list__shows_why_a_queue_waits_and_escapes_what_the_remote_said(live_redis):
    show(node("transport-1", queue(status=QueueStatus.RETRY, last_reply=HOSTILE, waiting_because="It was deferred.")))

    page = signed_in(create_viewer()).get(reverse("queues:list")).content.decode()

    assert "It was deferred." in page
    assert "<img src=x" not in page
    assert "\u202e" not in page


def test_list__filters__leave_out_what_does_not_match(live_redis):
    show(node("transport-1", queue("a.example"), queue("b.example", status=QueueStatus.RETRY)))
    client = signed_in(create_viewer())

    assert len(client.get(reverse("queues:list"), {"state": "Retry"}).context["rows"]) == 1
    assert len(client.get(reverse("queues:list"), {"text": "EXAMPLE"}).context["rows"]) == 2
    assert len(client.get(reverse("queues:list"), {"text": "c.example"}).context["rows"]) == 0


def test_act__retry__reaches_every_node_and_the_audit(live_redis, asked):
    show(node("transport-1", queue()), node("transport-2", queue()))

    answer = signed_in(create_operator()).post(reverse("queues:act"), {"act": f"retry {KEY}"}, follow=True)

    assert asked == [("transport-1", "mc_retry_queue", KEY), ("transport-2", "mc_retry_queue", KEY)]
    assert "on transport-1, transport-2" in answer.content.decode()
    entry = AuditEntry.objects.get(action="queue.retry")
    assert entry.object_id == KEY


def test_act__suspend_and_resume__are_kept_for_every_node(live_redis, asked):
    """Also for a node that holds none of the queue's mail now, or is away: it would deliver the next message."""
    show(node("transport-1", queue()))
    operator = create_operator()
    client = signed_in(operator)

    answer = client.post(reverse("queues:act"), {"act": f"suspend {KEY}", "reason": "they move"}, follow=True)

    assert "on transport-1, transport-2" in answer.content.decode() and asked == [("all", "mc_obey_orders", "")]
    row = QueueSuspension.objects.get()
    assert (row.key, row.by, row.reason) == (KEY, operator.username, "they move")
    assert AuditEntry.objects.get(action="queue.suspend").reason == "they move"
    again = client.post(reverse("queues:act"), {"act": f"suspend {KEY}"}, follow=True)
    assert "is suspended already" in again.content.decode()
    client.post(reverse("queues:act"), {"act": f"resume {KEY}"})
    assert not QueueSuspension.objects.exists() and AuditEntry.objects.filter(action="queue.resume").exists()
    assert (
        "is not suspended" in client.post(reverse("queues:act"), {"act": f"resume {KEY}"}, follow=True).content.decode()
    )


def test_retry_all__operator__retries_what_waits_and_nothing_else(live_redis, asked):
    waiting = queue("a.example", status=QueueStatus.RETRY)
    show(node("transport-1", waiting, queue("b.example"), queue("c.example", status=QueueStatus.SUSPENDED)))

    answer = signed_in(create_operator()).post(reverse("queues:retry-all"), follow=True)

    assert asked == [("transport-1", "mc_retry_queue", waiting.key)]
    assert "Retried: 1 of the queues that wait, 1 messages in all" in answer.content.decode()


def test_retry_all__nothing_waits_or_a_viewer_asks__is_refused(live_redis, asked):
    show(node("transport-1", queue()))

    answer = signed_in(create_operator()).post(reverse("queues:retry-all"), follow=True)
    assert "No queue waits" in answer.content.decode()
    assert signed_in(create_viewer()).post(reverse("queues:retry-all")).status_code == 403
    assert asked == []


def test_act__viewer__is_refused(live_redis, asked):
    show(node("transport-1", queue()))

    assert signed_in(create_viewer()).post(reverse("queues:act"), {"act": f"retry {KEY}"}).status_code == 403
    assert asked == []


def test_act__by_get__is_refused(asked):
    assert signed_in(create_operator()).get(reverse("queues:act")).status_code == 405


@pytest.mark.parametrize(
    ("act", "words"), [("retry Nothing//", "No node shows this queue"), ("melt x", "Choose retry")]
)
def test_act__what_is_not_there__is_said(live_redis, asked, act, words):
    answer = signed_in(create_operator()).post(reverse("queues:act"), {"act": act}, follow=True)

    assert words in answer.content.decode()
    assert asked == []


def test_act__elsewhere_as_next__stays_here(live_redis, asked):
    answer = signed_in(create_operator()).post(reverse("queues:act"), {"act": "x", "next": "https://evil.example/"})

    assert answer["Location"] == reverse("queues:list")


def test_ask_node__node_that_never_reported__did_not_answer():
    with pytest.raises(dispatch.NodeDidNotAnswer, match="has never reported"):
        dispatch.ask_node("x", dispatch.NodeCommand.RETRY, {"queue_key": KEY, "actor": "op"})


def test_act__broker_away__says_that_the_node_cannot_be_reached(live_redis, monkeypatch):
    Node.objects.create(name="transport-1", worker="transport-1@relay")
    show(node("transport-1", queue()))

    answer = signed_in(create_operator()).post(reverse("queues:act"), {"act": f"retry {KEY}"}, follow=True)

    assert "reached: the message broker is away" in answer.content.decode().replace("&#x27;", "'")
    assert not AuditEntry.objects.filter(action="queue.retry").exists()


def test_configuration_published__broker_away__never_raises():
    Node.objects.create(name="transport-1", worker="transport-1@relay")
    dispatch.configuration_published(7)


def test_detail__queue__shows_each_node_and_why_it_waits(live_redis):
    show(node("transport-1", queue(waiting_because="It was deferred.", message_count=3)))
    client = signed_in(create_operator())

    page = client.get(reverse("queues:detail"), {"key": KEY}).content.decode()

    assert "It was deferred." in page
    assert "Retry now" in page
    assert client.get(reverse("queues:detail"), {"key": "nonsense"}).status_code == 404
    empty = client.get(reverse("queues:detail"), {"key": "DnsConnectorDelivery/internet/x.example"})
    assert "is empty now" in empty.content.decode()
