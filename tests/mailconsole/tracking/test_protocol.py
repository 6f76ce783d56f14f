"""What was said in SMTP sessions, from a real node's protocol logs: the pages, the command, and the refusals."""

from __future__ import annotations

import time

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from mailconsole.nodes.dispatch import NodeDidNotAnswer
from mailconsole.tracking.models import Refusal
from mailconsole.tracking.services import protocol
from tests.mailconsole.runtime.conftest import smtp_address
from tests.support.factories import create_viewer, signed_in
from tests.support.smtp import send
from tests.support.traffic import Traffic
from tests.support.transport import document
from transport.config.document import initial_document
from transport.config.objects import ProtocolLoggingLevel
from transport.model.envelope import encode_queue_id

VERBOSE = {"protocol_logging_level": ProtocolLoggingLevel.VERBOSE, "tarpit_interval": 0}
HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture
def logged_id(answering_node):
    """The queue id of a message that came in by a connector that logs."""
    receive = tuple(one.model_copy(update=VERBOSE) for one in initial_document().receive_connectors)
    answering_node.run(document(answering_node.sink, relay_from="127.0.0.1", receive_connectors=receive))
    host, port = smtp_address(answering_node.host)
    sent = send(host, port, "a@acme.example", ["b@partner.example"], b"Subject: x\r\n\r\nx\r\n")
    return sent.last.lines[0].split()[1]


@pytest.mark.django_db(transaction=True)
def test_command__prints_the_session_of_a_message(logged_id, capsys):
    for _ in range(30):
        try:
            call_command("protocol", "transport-1", logged_id)
            break
        except CommandError:
            time.sleep(0.2)
    printed = capsys.readouterr().out
    assert "< EHLO client.example" in printed and f"> 250 2.6.0 {logged_id} Queued" in printed


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("needle", "words"), [("0000000000000", "hold nothing"), ("../etc", "letters, digits")])
def test_command__nothing_there__says_so(answering_node, needle, words):
    with pytest.raises(CommandError, match=words):
        call_command("protocol", "transport-1", needle)


def answered(monkeypatch, *rows, is_cut=False):
    answer = {"rows": list(rows), "is_cut": is_cut}
    monkeypatch.setattr(protocol, "ask_node", lambda node, command, arguments, timeout_s: answer)


def row(data, mark="<", number="0"):
    values = ("2026-01-01T00:00:00.000Z", "Default", "S1", number, "l:25", "r:9", mark, data, "")
    return dict(zip(protocol.Said.__dataclass_fields__, values, strict=True))


@pytest.mark.django_db
def test_message__hostile_lines__stay_text(monkeypatch):
    traffic = Traffic()
    message_id = traffic.receive()
    traffic.ingest()
    answered(monkeypatch, row(HOSTILE))
    url = reverse("tracking:message-protocol", args=["transport-1", encode_queue_id(message_id)])
    page = signed_in(create_viewer()).get(url).content.decode()
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page and "\u202e" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("is_cut", [True, False])
def test_message__search_that_was_cut__says_so(monkeypatch, is_cut):
    traffic = Traffic()
    message_id = traffic.receive()
    traffic.ingest()
    answered(monkeypatch, row("EHLO x"), is_cut=is_cut)
    url = reverse("tracking:message-protocol", args=["transport-1", encode_queue_id(message_id)])
    assert (protocol.CUT in signed_in(create_viewer()).get(url).content.decode()) is is_cut


@pytest.mark.django_db
def test_refusal__node_is_away__is_told_and_nobody_gets_in_unseen(monkeypatch, client):
    traffic = Traffic()
    traffic.refuse()
    traffic.ingest()

    def silent(*_, **__):
        raise NodeDidNotAnswer("The node did not answer.")

    monkeypatch.setattr(protocol, "ask_node", silent)
    url = reverse("tracking:refusal-protocol", args=[Refusal.objects.get().pk])
    assert "The node did not answer." in signed_in(create_viewer()).get(url).content.decode()
    assert client.get(url).status_code in (302, 403)
