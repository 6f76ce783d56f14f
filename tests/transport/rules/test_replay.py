"""What stands before an exported message."""

from __future__ import annotations

from tests.transport.rules.dsn_kit import message
from transport.model.address import NULL, parse_mailbox
from transport.model.envelope import Recipient
from transport.model.outcome import RecipientStatus
from transport.rules.replay import replay_header

BO, CY = parse_mailbox("bo@partner.example"), parse_mailbox("cy@partner.example")


def test_replay_header__names_sender_and_those_who_still_wait():
    waits = Recipient(0, BO, BO, notify=frozenset({"SUCCESS", "FAILURE"}), orcpt="rfc822;bo@partner.example")
    done = Recipient(1, CY, CY, status=RecipientStatus.DELIVERED)
    header = replay_header(message(recipients=[waits, done], ret="HDRS", envid="q17")).decode()
    assert header.split("\r\n") == [
        "X-Sender: <scanner@acme.example> BODY=7BIT RET=HDRS ENVID=q17",
        "X-Receiver: <bo@partner.example> NOTIFY=FAILURE,SUCCESS ORcpt=rfc822;bo@partner.example",
        "X-CreatedBy: Mailconsole",
        "X-EndOfInjectedXHeaders: 1.0",
        "",
    ]


def test_replay_header__report__has_the_null_sender():
    assert replay_header(message(envelope_sender=NULL)).startswith(b"X-Sender: <> BODY=7BIT\r\n")


def test_replay_header__hostile_parameters__add_no_line():
    header = replay_header(message(envid="x\r\nX-Receiver: <evil@x.example>"))
    assert b"\r\nX-Receiver: <evil" not in header
