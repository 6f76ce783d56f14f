"""Mail flow rules at the listener: messages that were on disk meanwhile, a spool that can't store what they made."""

import pytest

from tests.support.listener import connector, mail_flow, running
from transport.model.event import EventId

ENVELOPE = b"MAIL FROM:<>\r\nRCPT TO:<b@acme.example>\r\n"
DOTTED = b"".join(b".%07d\r\n" % number for number in range(50_000))
MIME = b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\n" + DOTTED + b"--B\r\n"
ATTACHED = MIME + b"Content-Disposition: attachment; filename=last.exe\r\n\r\nx\r\n--B--\r\n"
RULES = [
    {
        "id": "no",
        "name": "No",
        "conditions": [{"kind": "AttachmentHasExecutableContent"}],
        "actions": [{"kind": "RejectMessage", "text": "No programs"}],
    },
    {"id": "mark", "name": "Mark", "priority": 1, "actions": [{"kind": "SetHeader", "header": "X-A", "text": "b"}]},
]


@pytest.fixture
def server(tmp_path):
    flow = mail_flow(connector(), mail_flow_rules=RULES)
    with running(flow, spill_folder=tmp_path / "incoming") as running_server:
        memory = running_server.listener._context.memory
        memory.reading.limit_bytes = memory.storing.limit_bytes = 100_000
        yield running_server
        running_server.wait_until(lambda: memory.reading.used_bytes == memory.storing.used_bytes == 0)


@pytest.mark.parametrize("way", ["DATA", "BDAT"])
def test_message__that_was_on_disk_meanwhile__is_looked_at_as_a_whole(server, way):
    def sent(content: bytes) -> bytes:
        if way == "BDAT":
            return ENVELOPE + b"BDAT %d LAST\r\n" % len(content) + content
        return ENVELOPE + b"DATA\r\n" + content.replace(b"\r\n.", b"\r\n..") + b".\r\n"

    with server.greeted() as client:
        codes = [250, 250, 354] if way == "DATA" else [250, 250]
        client.send_bytes(sent(ATTACHED))
        assert [client.expect_reply().code for _ in codes] == codes
        assert str(client.expect_reply()) == "550 5.7.1 No programs"
        client.send_bytes(sent(ATTACHED.replace(b"last.exe", b"last.txt")))
        assert [client.expect_reply().code for _ in codes] == codes
        assert client.expect_reply().code == 250
    assert server.bodies == [b"X-A: b\r\n" + ATTACHED.replace(b"last.exe", b"last.txt")]


def test_spool__that_cannot_store_it__is_452_and_nothing_is_kept(server):
    server.intake.failure = "the disk is full"
    with server.greeted() as client:
        client.send_bytes(ENVELOPE + b"DATA\r\nSubject: x\r\n\r\nx\r\n.\r\n")
        assert [client.expect_reply().code for _ in range(4)][3] in (451, 452)
    (refused,) = server.intake.happened(EventId.REFUSE)
    assert "disk is full" in refused.reason
