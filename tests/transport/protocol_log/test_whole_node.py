"""Protocol logs of a whole node: both ways, without secrets and bodies; nothing where nobody asked."""

import time
from base64 import b64encode

import pytest

from tests.support.listener import Passwords
from tests.support.transport import Transport, document
from transport.config.document import initial_document
from transport.config.objects import AddressSpace, PermissionGroup, ProtocolLoggingLevel, SendConnector
from transport.model.event import EventId
from transport.ports.node import Ports

VERBOSE = ProtocolLoggingLevel.VERBOSE
SECRET = "Lab-Secret-1"
BODY = b"Subject: x\r\n\r\nthe body is private\r\nMAIL FROM:<not@a.command>\r\n"


def config(sink, level):
    receive = [
        one.model_copy(
            update={
                "protocol_logging_level": level,
                "permission_groups": (PermissionGroup.ANONYMOUS_USERS, PermissionGroup.EXCHANGE_USERS),
                "tarpit_interval": 0,
            }
        )
        for one in initial_document().receive_connectors
    ]
    out = SendConnector(
        id="out",
        name="Out",
        address_spaces=(AddressSpace(domain="*"),),
        smart_hosts=(f"127.0.0.1:{sink.port}",),
        protocol_logging_level=level,
    )
    return document(relay_from="127.0.0.1", receive_connectors=tuple(receive), send_connectors=(out,))


def sent(node, sink, **options):
    given = node.send("anna@acme.example", ["b@partner.example"], BODY, **options)
    assert given.is_accepted
    sink.wait_for(1)
    return given.last.lines[0].split()[1]


def refused_session(node):
    for _ in range(50):
        found = [event.session_id for event in node.events() if event.event is EventId.REFUSE]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError("nothing was refused")


def found(node, needle, count):
    now = time.time()
    for _ in range(50):
        rows = node.run(node.service.find_protocol(needle, since=now - 60, until=now + 60)).rows
        if len({row.session_id for row in rows}) >= count and rows[-1].event == "-":
            return rows
        time.sleep(0.1)
    raise AssertionError(rows)


@pytest.mark.parametrize("pipelining", [True, False])
def test_verbose__all_that_was_said_and_no_secret(tmp_path, sink, pipelining):
    sink.extensions = sink.extensions if pipelining else ("8BITMIME",)
    with Transport(tmp_path, config(sink, VERBOSE), ports=Ports(authenticator=Passwords(anna=SECRET))) as node:
        queue_id = sent(node, sink, tls=True, auth=("anna", SECRET))
    with Transport(tmp_path, config(sink, VERBOSE)) as node:
        rows = found(node, queue_id, 2)
    came = [(row.event, row.data) for row in rows if row.connector_id != "Out"]
    assert came[0] == ("+", "") and came[1][1].startswith("220 ") and came[-1] == ("-", "")
    assert ("<", "AUTH PLAIN (credentials)") in came and ("<", "RCPT TO:<b@partner.example>") in came
    assert (">", f"250 2.6.0 {queue_id} Queued mail for delivery") in came
    assert any(event == "*" and data.startswith("TLSv1.") for event, data in came)
    went = [(row.event, row.data) for row in rows if row.connector_id == "Out"]
    assert ("*", "sending message") in went and ("<", "354 go ahead") in went
    assert (">", "RCPT TO:<b@partner.example>") in went and (">", "DATA") in went
    text = "".join(path.read_text() for path in (tmp_path / "nodes").rglob("*.LOG"))
    secrets = (
        SECRET,
        b64encode(f"\0anna\0{SECRET}".encode()).decode(),
        "the body is private",
        "not@a.command",
        "Subject",
    )
    assert not [one for one in secrets if one in text]


def test_refusal__is_told_with_its_private_reason(tmp_path, sink):
    with Transport(tmp_path, config(sink, VERBOSE)) as node:
        node.send("a@acme.example", ["nobody@elsewhere.example"], BODY, source_address="127.0.0.9")
        rows = found(node, refused_session(node), 1)
    notes = [(row.data, row.context) for row in rows if row.event == "*"]
    assert len(notes) == 1 and notes[0][1] == "refused at rcpt" and notes[0][0]


def test_none__writes_nothing_and_replaces_no_method(tmp_path, sink):
    with Transport(tmp_path, config(sink, ProtocolLoggingLevel.NONE)) as node:
        sent(node, sink)
    assert not list((tmp_path / "nodes").rglob("*.LOG"))
