"""Queued messages as one zip: what is in it, what is said of what is not, who may, and how much."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from mailconsole.accounts.access import RoleRequired
from mailconsole.audit.models import AuditEntry
from mailconsole.nodes.dispatch import NodeCommand, NodeDidNotAnswer
from mailconsole.queues.services import export
from mailconsole.queues.services.queues import CommandFailed
from mailconsole.runtime import queue_commands
from tests.mailconsole.api.test_api import Api
from tests.support.factories import create_operator, create_viewer, signed_in
from tests.support.nodes import BODY
from transport.model.queue_filter import QueueFilter

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = reverse("queues:export-all")
BO = QueueFilter(recipient="bo@partner.example")


@pytest.fixture
def waiting(answering_node):
    """Three messages wait for a next hop that is down."""
    answering_node.sink.stop()
    for recipient in ("bo@partner.example", "cy@partner.example", "bo@partner.example"):
        answering_node.send(recipient=recipient)
    answering_node.until(lambda: answering_node.state() == ["Retry"] * 3)
    return answering_node


def opened(data: bytes) -> tuple[zipfile.ZipFile, list[dict[str, str]]]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    return archive, list(csv.DictReader(io.StringIO(archive.read("messages.csv").decode(), newline="")))


def test_export__each_message_with_its_envelope_and_a_list(waiting):
    chosen = export.export_messages(wanted=BO, actor=create_operator(), reason="for the lawyers")
    archive, rows = opened(b"".join(chosen.pieces()))
    assert len(rows) == 2 and [row["file"] for row in rows] == archive.namelist()[:-1]
    body = archive.read(rows[0]["file"])
    assert body.startswith(b"X-Sender: <ann@acme.example> BODY=7BIT\r\nX-Receiver: <bo@partner.example>\r\n")
    assert body.endswith(BODY) and b"X-EndOfInjectedXHeaders: 1.0\r\nReceived: " in body
    assert (rows[0]["waiting"], rows[0]["subject"], rows[0]["problem"]) == ("bo@partner.example", "hello", "")
    entry = AuditEntry.objects.get(action="message.export")
    assert entry.reason == "for the lawyers" and entry.summary.startswith("2 messages to bo@partner.example exported")


def test_export__message_of_many_pieces__is_whole(waiting, monkeypatch):
    monkeypatch.setattr(queue_commands, "PIECE_BYTES", 100)
    archive, rows = opened(b"".join(export.export_messages(wanted=QueueFilter(), actor=create_operator()).pieces()))
    assert all(archive.read(row["file"]).endswith(BODY) for row in rows) and len(rows) == 3


def test_export__message_that_left_meanwhile__is_listed_as_such(waiting):
    chosen = export.export_messages(wanted=QueueFilter(), actor=create_operator())
    chosen.ids["transport-1"][0] = 1
    archive, rows = opened(b"".join(chosen.pieces()))
    assert rows[0]["problem"] == "it had left the queue" and not rows[0]["file"] and len(archive.namelist()) == 3


def test_export__too_many_or_too_large__is_refused_or_said(waiting, monkeypatch):
    operator = create_operator()
    monkeypatch.setattr(export, "MAX_MESSAGES", 2)
    with pytest.raises(export.ExportTooLarge, match="3 messages match; an export holds at most 2"):
        export.export_messages(wanted=QueueFilter(), actor=operator)
    chosen = export.export_messages(wanted=BO, actor=operator)
    chosen.bytes_left = 10
    _, rows = opened(b"".join(chosen.pieces()))
    assert all("left out" in row["problem"] for row in rows)


def test_export__nothing_matches_or_node_silent__is_refused(waiting, monkeypatch):
    operator = create_operator()
    with pytest.raises(export.NothingToExport):
        export.export_messages(wanted=QueueFilter(sender="x@y.example"), actor=operator)
    monkeypatch.setattr(export, "ask_nodes", lambda *_, **__: type("A", (), {"of": {}, "problems": ("n did not.",)}))
    with pytest.raises(CommandFailed, match="would not be whole"):
        export.export_messages(wanted=BO, actor=operator)


def test_export__node_dies_meanwhile__the_rest_is_listed(waiting, monkeypatch):
    chosen = export.export_messages(wanted=QueueFilter(), actor=create_operator())

    def silent(node, command, *_, **__):
        raise NodeDidNotAnswer(f"{node} is silent at {command is NodeCommand.READ_MANY}")

    monkeypatch.setattr(export, "ask_node", silent)
    _, rows = opened(b"".join(chosen.pieces()))
    assert [row["problem"] for row in rows] == ["transport-1 is silent at True"] * 3


def test_export__viewer__is_refused_everywhere(db):
    viewer = create_viewer(username="vera")
    with pytest.raises(RoleRequired):
        export.export_messages(wanted=BO, actor=viewer)
    client = signed_in(viewer)
    assert client.get(PAGE).status_code == 403 and client.post(PAGE).status_code == 403
    assert Api(viewer)("POST", "/queues/messages/export", {"filter": {}}).status_code == 403
    with pytest.raises(CommandError, match="needs the role Operator"):
        call_command("queue", "export-all", "--output", "-", "--as", "vera")


def test_page__count_first_then_the_file(waiting):
    client = signed_in(create_operator())
    seen = client.get(PAGE, {"recipient": "bo@partner.example"}).content.decode()
    assert "Export 2 messages" in seen and "2 on transport-1" in seen
    assert not AuditEntry.objects.filter(action="message.export").exists()
    answer = client.post(f"{PAGE}?recipient=bo@partner.example", {"reason": "x"})
    assert answer["Content-Type"] == "application/zip" and ".zip" in answer["Content-Disposition"]
    assert len(opened(b"".join(answer))[1]) == 2
    misread = client.post(f"{PAGE}?older_than=soon", {"reason": "x"}, follow=True)
    assert "Older than: " in misread.content.decode()


def test_command_and_api__the_same_file(waiting, tmp_path, capsys):
    operator = create_operator(username="olga")
    file = tmp_path / "all.zip"
    call_command("queue", "export-all", "--recipient", "bo@partner.example", "--output", str(file), "--as", "olga")
    assert "2 messages exported." in capsys.readouterr().out and len(opened(file.read_bytes())[1]) == 2
    answer = Api(operator)("POST", "/queues/messages/export", {"filter": {"recipient": "bo@partner.example"}})
    assert len(opened(b"".join(answer))[1]) == 2
