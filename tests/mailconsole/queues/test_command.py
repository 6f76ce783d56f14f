"""`console queue`: the same services on the command line."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from mailconsole.audit.models import AuditEntry
from mailconsole.queues.models import HoldRule
from tests.support.factories import create_operator, create_viewer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting(answering_node):
    create_operator(username="olga")
    answering_node.sink.stop()
    answering_node.send()
    answering_node.send(recipient="cy@partner.example")
    answering_node.until(lambda: answering_node.state() == ["Retry", "Retry"])
    return answering_node


@pytest.fixture
def queue(capsys):
    def run(*arguments: str) -> str:
        call_command("queue", *arguments)
        return capsys.readouterr().out

    return run


def test_list_and_show__say_why(waiting, queue):
    waiting.until(lambda: "SmartHostConnectorDelivery/out/" in queue("list"))
    shown = queue("show", "--recipient", "bo@partner.example")
    assert "The next hop cannot be reached" in shown and "1 to 1 of 1 messages" in shown


def test_remove__dry_run_then_yes(waiting, queue):
    arguments = ["remove", "--recipient", "bo@partner.example", "--as", "olga"]
    seen = queue(*arguments, "--dry-run")
    assert "Remove 1 message to bo@partner.example; senders get a non-delivery report" in seen
    assert len(waiting.state()) == 2
    with pytest.raises(CommandError, match="Say why"):
        queue(*arguments, "--yes")
    assert "1 message removed." in queue(*arguments, "--yes", "--reason", "twice")
    assert AuditEntry.objects.get(action="message.remove").actor_name == "olga"


def test_order__nobody_says_yes__nothing_is_done(waiting, queue, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda prompt: "n")
    with pytest.raises(CommandError, match="Nothing was done"):
        queue("suspend", "--as", "olga")
    assert waiting.state() == ["Retry", "Retry"]


@pytest.mark.parametrize("arguments", [["suspend", "--yes"], ["hold", "add", "--sender", "x@y.example"]])
def test_order__viewer__is_refused(db, queue, arguments):
    create_viewer(username="vera")
    with pytest.raises(CommandError, match="needs the role Operator"):
        queue(*arguments, "--as", "vera", "--reason", "x")


def test_filter__that_cannot_be_read__is_refused(db, queue):
    create_operator(username="olga")
    with pytest.raises(CommandError, match="no queue id"):
        queue("retry", "--message", "nonsense", "--as", "olga", "--yes")
    with pytest.raises(CommandError, match="not a duration"):
        queue("retry", "--older-than", "soon", "--as", "olga", "--yes")


def test_hold__add_list_lift(answering_node, queue):
    create_operator(username="olga")
    added = queue("hold", "add", "--sender", "ann@acme.example", "--for", "4h", "--reason", "phishing", "--as", "olga")
    assert "is in force on transport-1: from ann@acme.example." in added
    assert "phishing" in queue("hold", "list")
    answering_node.send()
    assert "what it held goes on" in queue("hold", "lift", str(HoldRule.objects.get().pk), "--as", "olga")
    answering_node.sink.wait_for(1)


def test_export__writes_a_new_file(waiting, queue, tmp_path):
    queue_id = queue("show").split()[0]
    file = tmp_path / "one.eml"
    queue("export", "transport-1", queue_id, "--output", str(file), "--as", "olga")
    assert b"Subject: hello" in file.read_bytes()
    with pytest.raises(CommandError, match="can't be written"):
        queue("export", "transport-1", queue_id, "--output", str(file), "--as", "olga")
