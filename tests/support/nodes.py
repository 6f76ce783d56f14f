"""A real node in the test's process that answers the console's commands: only the broker between them is left out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from celery import current_app
from celery.worker.control import Panel

from mailconsole.runtime import commands, queue_commands
from mailconsole.runtime.host import TransportHost
from tests.mailconsole.runtime.conftest import NODE, smtp_address, wait_until
from tests.support.sink import Sink
from tests.support.smtp import send
from tests.support.transport import document
from transport.config.document import MailFlow

BODY = b"Subject: hello\r\n\r\nhello\r\n"
assert queue_commands  # importing it registers its commands


@dataclass
class AnsweringNode:
    """The node, whose mail goes to ``sink``."""

    host: TransportHost
    sink: Sink

    def send(self, sender: str = "ann@acme.example", recipient: str = "bo@partner.example") -> None:
        """Hand in one message for a next hop; it is in the spool when this returns."""
        sent = send(*smtp_address(self.host), sender, [recipient], BODY)
        assert sent.is_accepted, sent

    def run(self, config: MailFlow, revision: int = 2) -> None:
        """Run another configuration."""
        service = self.host.need()
        self.host.run(service.reload(document=config, revision=revision))

    def state(self, **criteria: Any) -> list[str]:
        """The states of queued messages."""
        answer = queue_commands.list_messages(None, filter=criteria, offset=0, limit=100)
        return [row["status"] for row in answer["ok"]["rows"]]

    def until(self, is_so: Callable[[], object]) -> None:
        wait_until(is_so)


@pytest.fixture
def answering_node(host: TransportHost, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Iterator[AnsweringNode]:
    """A node under a configuration that relays for this machine into ``sink``."""
    from mailconsole.nodes.models import Node

    monkeypatch.setattr(current_app.control, "broadcast", _in_process)
    commands.serve(host)
    wait_until(lambda: Node.objects.filter(name=NODE, running_revision=1).exists())
    node = AnsweringNode(host, sink)
    node.run(document(sink, relay_from="127.0.0.1"))
    yield node
    commands._hosts.clear()


def _in_process(command: str, *, arguments: dict[str, Any], destination: list[str], **_: Any) -> list[dict[str, Any]]:
    """As over the wire: JSON there and JSON back."""
    given = json.loads(json.dumps(arguments))
    return [{worker: json.loads(json.dumps(Panel.data[command](None, **given)))} for worker in destination]
