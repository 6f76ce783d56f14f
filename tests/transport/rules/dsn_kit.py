"""Notifications to look at."""

from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

from transport.config.dsn_words import languages
from transport.model.address import Address
from transport.model.envelope import Message, Recipient
from transport.rules import dsn
from transport.rules.dsn import DsnKind, DsnSettings, Told
from transport.rules.dsn_audience import ByAudience, OurSenders

NOW = 1_800_000_000.0
LARGEST = ByAudience(10_000, 10_000, OurSenders())
SETTINGS = DsnSettings("relay.acme.example", "Acme", "postmaster@acme.example", LARGEST, 172_800)
SENDER = Address("scanner", "acme.example")
BOB = Address("bob", "partner.example")
ORIGINAL = b"From: <scanner@acme.example>\r\nTo: <bob@partner.example>\r\nSubject: Scan 17\r\n\r\nThe scan.\r\n"


def message(**fields):
    base: dict[str, Any] = {
        "id": 17, "envelope_sender": SENDER, "recipients": [Recipient(0, BOB, BOB)], "size_bytes": len(ORIGINAL),
        "received_at": NOW - 7200, "expires_at": NOW + 165_600, "session_id": "s", "peer": "192.0.2.7",
        "helo": "scanner.acme.example", "identity": "", "connector_id": "default", "revision": 1,
        "subject": "Scan 17", "internet_message_id": "<17@scanner.acme.example>",
    }  # fmt: skip
    return Message(**base | fields)


def told(**fields):
    base: dict[str, Any] = {
        "final": BOB, "original": BOB, "status": "5.1.1", "reply": "550 5.1.1 <bob@partner.example>: user unknown",
        "remote": "mx1.partner.example[192.0.2.25]:25", "last_attempt_at": NOW - 60,
    }  # fmt: skip
    return Told(**base | fields)


def compose(kind=DsnKind.FAILED, original=ORIGINAL, recipients=None, language="en", **fields):
    about = message(**fields)
    settings = replace(SETTINGS, language=language, words=languages()[language])
    octets = dsn.compose(kind, about, recipients or [told()], original, settings, queue_id="0000000000ABC", now=NOW)
    assert octets.count(b"\r\n") == octets.count(b"\n") == octets.count(b"\r")
    assert max(map(len, octets.split(b"\r\n"))) <= 998  # RFC 5322 2.1.1
    return octets


def parsed(octets):
    mail = message_from_bytes(octets, policy=policy.default)
    assert not mail.defects
    return mail


def status_of(octets):
    """The groups of message/delivery-status: of the message, then of each recipient."""
    report: Any = message_from_bytes(octets)
    return [dict(group.items()) for group in report.get_payload()[1].get_payload()]
