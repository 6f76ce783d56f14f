"""Notifications: who gets one, what it says (golden files), and that hostile text cannot break out of it.

MAILCONSOLE_GOLDEN=1 writes the golden files anew.
"""

import os
import re
from collections.abc import Callable
from dataclasses import fields, replace
from email import message_from_bytes, policy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from transport.config import dsn_languages
from transport.config.document import MailFlow
from transport.config.dsn_words import languages
from transport.config.objects import AcceptedDomain, Organization
from transport.model.address import NULL, Address
from transport.model.envelope import Message, Recipient
from transport.rules import dsn, dsn_parts, dsn_text
from transport.rules.dsn import DsnKind, DsnSettings, Told
from transport.rules.dsn_fields import typed_address

GOLDEN = Path(__file__).parent / "golden"
NOW = 1_800_000_000.0
SETTINGS = DsnSettings("relay.acme.example", "Acme", "postmaster@acme.example", 10_000, 172_800)
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


STATUS_OF = {DsnKind.FAILED: "5.1.1", DsnKind.DELAYED: "4.4.1", DsnKind.RELAYED: "2.0.0", DsnKind.DELIVERED: "2.1.5"}


def in_german(kind):
    return compose(kind, language="de", recipients=[told(status=STATUS_OF[kind])])


CASES: dict[str, Callable[[], bytes]] = {
    "failed": lambda: compose(),
    "failed-headers-only": lambda: compose(ret="HDRS", envid="QQ314159"),
    "expired": lambda: compose(
        recipients=[
            told(
                status="4.4.7",
                reply="",
                reason="The message was in the queue for longer than messages may be; delivery was given up.",
                remote="",
            ),
            told(final=Address("eve", "partner.example"), original=Address("list", "acme.example"), status="5.7.1"),
        ]
    ),
    "delayed": lambda: compose(
        DsnKind.DELAYED, recipients=[told(status="4.4.1", reply="421 4.3.2 too busy\ntry later", remote="")]
    ),
    "relayed": lambda: compose(DsnKind.RELAYED, recipients=[told(status="2.0.0", reply="250 2.0.0 Ok: queued")]),
    "delivered": lambda: compose(DsnKind.DELIVERED, recipients=[told(status="2.1.5", reply="250 2.1.5 delivered")]),
    **{f"{kind.value}-de": partial(in_german, kind) for kind in DsnKind},
    "expired-de": lambda: compose(language="de", recipients=[told(status="4.4.7", reply="", remote="")]),
    "eight-bit": lambda: compose(original="Subject: x\r\n\r\nGr\u00fc\u00dfe\r\n".encode("latin-1")),
    "eight-bit-header": lambda: compose(ret="HDRS", original="Subject: Gr\u00fc\u00dfe\r\n\r\nx\r\n".encode("latin-1")),
    "requires-tls": lambda: compose(requires_tls=True, recipients=[told(status="5.7.30", reply="")]),
    "international": lambda: compose(
        recipients=[told(final=Address("günter", "bücher.example"), original=Address("günter", "bücher.example"))],
        subject="Grüße aus Köln, und dann noch viel mehr Text, damit es umbrochen werden muss",
        original="Subject: Grüße\r\n\r\nText\r\n".encode(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_golden(name):
    octets, path = CASES[name](), GOLDEN / f"dsn-{name}.eml"
    if os.environ.get("MAILCONSOLE_GOLDEN"):
        path.write_bytes(octets)
    assert octets == path.read_bytes()
    assert parsed(octets).get_content_type() == "multipart/report"


def test_report__has_the_three_parts_and_the_headers_of_a_notification():
    mail = parsed(compose())
    assert [part.get_content_type() for part in mail.iter_parts()] == [
        "text/plain", "message/delivery-status", "message/rfc822",
    ]  # fmt: skip
    assert mail.get_param("report-type") == "delivery-status"
    assert mail["Auto-Submitted"] == "auto-replied" and mail["To"] == "scanner@acme.example"
    assert mail["Subject"] == "Undeliverable: Scan 17" and mail["In-Reply-To"] == "<17@scanner.acme.example>"
    assert ORIGINAL in compose()


def test_status__has_the_fields_of_rfc_3464():
    of_message, of_recipient = status_of(compose(envid="QQ314159"))
    assert of_message == {
        "Original-Envelope-Id": "QQ314159",
        "Reporting-MTA": "dns; relay.acme.example",
        "Received-From-MTA": "dns; scanner.acme.example",
        "Arrival-Date": "Fri, 15 Jan 2027 06:00:00 +0000",
    }
    assert of_recipient == {
        "Final-Recipient": "rfc822; bob@partner.example",
        "Action": "failed",
        "Status": "5.1.1",
        "Remote-MTA": "dns; mx1.partner.example",
        "Diagnostic-Code": "smtp; 550 5.1.1 <bob@partner.example>: user unknown",
        "Last-Attempt-Date": "Fri, 15 Jan 2027 07:59:00 +0000",
    }


def test_delayed__says_until_when_and_returns_the_header_only():
    octets = compose(DsnKind.DELAYED, ret="FULL")
    assert "Will-Retry-Until" in status_of(octets)[1] and status_of(octets)[1]["Status"] == "4.0.0"
    assert b"text/rfc822-headers" in octets and b"The scan." not in octets


def test_original_recipient__is_orcpt_or_what_was_asked_for():
    rewritten = [told(original=Address("list", "acme.example"))]
    assert status_of(compose(recipients=rewritten))[1]["Original-Recipient"] == "rfc822; list@acme.example"
    assert "Original-Recipient" not in status_of(compose())[1]
    with_orcpt = [told(orcpt="rfc822;boss@acme.example")]
    assert status_of(compose(recipients=with_orcpt))[1]["Original-Recipient"] == "rfc822; boss@acme.example"


@pytest.mark.parametrize(
    ("ret", "size", "is_whole"), [("", 100, True), ("FULL", 100, True), ("HDRS", 100, False), ("FULL", 20_000, False)]
)
def test_original__is_returned_by_ret_and_size(ret, size, is_whole):
    original = b"Subject: x\r\n\r\n" + b"y" * 70 + (b"z" * 70 + b"\r\n") * (size // 72)
    octets = compose(original=original, ret=ret)
    assert (original in octets) is is_whole
    assert b"Subject: x" in octets


@pytest.mark.parametrize(
    ("kind", "notify", "wanted"),
    [
        (DsnKind.FAILED, set(), True),
        (DsnKind.FAILED, {"FAILURE"}, True),
        (DsnKind.FAILED, {"SUCCESS"}, False),
        (DsnKind.FAILED, {"DELAY", "FAILURE"}, True),
        (DsnKind.DELAYED, set(), True),
        (DsnKind.DELAYED, {"DELAY"}, True),
        (DsnKind.DELAYED, {"FAILURE"}, False),
        (DsnKind.RELAYED, set(), False),
        (DsnKind.RELAYED, {"SUCCESS"}, True),
        (DsnKind.RELAYED, {"FAILURE", "DELAY"}, False),
        (DsnKind.DELIVERED, {"SUCCESS"}, True),
    ],
)
def test_is_wanted__by_notify(kind, notify, wanted):
    assert dsn.is_wanted(kind, sender=SENDER, is_dsn=False, notify=frozenset(notify)) is wanted


@pytest.mark.parametrize("kind", list(DsnKind))
def test_never_wanted__about_a_notification_to_nobody_or_with_never(kind):
    everything = frozenset({"SUCCESS", "FAILURE", "DELAY"})
    assert not dsn.is_wanted(kind, sender=NULL, is_dsn=False, notify=everything)
    assert not dsn.is_wanted(kind, sender=SENDER, is_dsn=True, notify=everything)
    assert not dsn.is_wanted(kind, sender=SENDER, is_dsn=False, notify=frozenset({"NEVER"}))


HOSTILE = "550 x\r\nBcc: victim@example.com\r\n\r\n--=_0000000000ABC_0\r\n\x00\x1b[2J\u202eevil\u2028line" + "A" * 5000


def test_hostile_text__cannot_start_a_header_or_a_part():
    octets = compose(
        recipients=[told(reply=HOSTILE, reason=HOSTILE, remote=HOSTILE, orcpt=HOSTILE, status="5.0.0")],
        subject=HOSTILE,
        helo=HOSTILE,
        envid=HOSTILE,
        internet_message_id=f"<{HOSTILE}>",
    )
    mail = parsed(octets)
    assert mail["Bcc"] is None and len(list(mail.iter_parts())) == 3
    assert len(status_of(octets)) == 2
    assert not any("bcc" in group for group in map(str.lower, map(str, [list(g) for g in status_of(octets)])))
    for forbidden in (b"\x00", b"\x1b", "\u202e".encode(), "\u2028".encode()):
        assert forbidden not in octets


def test_boundary__does_not_occur_in_the_original():
    original = b"Subject: x\r\n\r\n--=_0000000000ABC_0--\r\n"
    assert len(list(parsed(compose(original=original)).iter_parts())) == 3


def test_advice__from_the_detail_down_to_the_subject():
    words = languages()["en"]
    assert dsn_text.advice("5.1.1", words).cause == "The address does not exist."
    assert dsn_text.advice("5.7.99", words).cause == "The destination refuses the message for security reasons."
    assert dsn_text.advice("5.0.0", words) == dsn_text.advice("", words) == words.other


@pytest.mark.parametrize("tag", languages())
def test_language__says_as_much_as_english(tag):
    words, english = languages()[tag], languages()["en"]
    for field in fields(words):
        said, meant = getattr(words, field.name), getattr(english, field.name)
        if isinstance(meant, dict):
            assert said.keys() == meant.keys() and all(vars_of(text) for text in said.values())
        elif isinstance(meant, str):
            assert said and re.findall(r"\{\w+\}", said) == re.findall(r"\{\w+\}", meant)
    assert words.sender.isascii()  # it stands in From, as it is


def vars_of(text):
    return text if isinstance(text, str) else text.cause and text.remedy


def test_language__another_one_is_one_file(tmp_path, monkeypatch):
    source = Path(dsn_languages.__path__[0], "de.py").read_text()
    (tmp_path / "nl.py").write_text(source.replace('"Unzustellbar"', '"Onbestelbaar"'))
    with monkeypatch.context() as patched:
        patched.setattr(dsn_languages, "__path__", [*dsn_languages.__path__, str(tmp_path)])
        languages.cache_clear()
        document = MailFlow(organization=Organization(dsn_language="nl"))
        assert dsn.subject(DsnKind.FAILED, message(), DsnSettings.of(document, "h")) == "Onbestelbaar: Scan 17"
    languages.cache_clear()
    with pytest.raises(ValidationError, match=r"no words for 'nl'; there are for de \(Deutsch\), en \(English\)"):
        Organization(dsn_language="nl")


def test_copy_for_the_postmaster__by_status_of_a_failure_only():
    organization = Organization(generate_copy_of_dsn_for=("5.4.6", "5.1.1"))
    settings = DsnSettings.of(MailFlow(organization=organization), "h")
    assert dsn.is_copied(DsnKind.FAILED, [told(status="5.2.2"), told(status="5.1.1")], settings)
    assert not dsn.is_copied(DsnKind.FAILED, [told(status="5.2.2")], settings)
    assert not dsn.is_copied(DsnKind.DELAYED, [told(status="5.1.1")], settings)
    with pytest.raises(ValidationError):
        Organization(generate_copy_of_dsn_for=("4.4.7",))


@pytest.mark.parametrize("name", ["international", "eight-bit-header", "failed-de"])
def test_text_beyond_ascii__travels_in_seven_bits(name):
    octets = CASES[name]()
    _, _, after_header = octets.partition(b"\r\n\r\n")
    assert after_header.isascii() and b"quoted-printable" in after_header


def test_eight_bit_content__goes_back_as_it_is_or_not_at_all():
    octets = CASES["eight-bit"]()
    assert "Grüße".encode("latin-1") in octets
    short = dsn_parts.without_content(octets)
    assert short.isascii() and b"Subject: x" in short and len(list(parsed(short).iter_parts())) == 3
    assert dsn_parts.without_content(short) == short


def test_many_recipients__the_text_names_some_and_the_fields_all():
    recipients = [told(final=Address(f"r{number}", "partner.example")) for number in range(500)]
    octets = compose(recipients=recipients)
    text = parsed(octets).get_body().get_content()
    assert "and 400 more" in text and text.count("user unknown") == 100
    assert octets.count(b"Final-Recipient:") == 500


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("a@b.example", "rfc822; a@b.example"),
        ("utf-8;günter+x=1\\@bücher.example", r"utf-8; g\x{FC}nter\x{2B}x\x{3D}1\x{5C}@b\x{FC}cher.example"),
    ],
)
def test_typed_address__beyond_ascii_by_rfc_6533(address, field):
    assert typed_address(address) == field


@pytest.mark.parametrize(
    ("reply", "status"),
    [("", "4.4.1"), ("452 4.2.2 mailbox full", "4.2.2"), ("451 later", "4.0.0"), ("550 5.1.1 no", "4.0.0")],
)
def test_delay__has_the_status_of_the_last_reply(reply, status):
    assert dsn.remembered_status(reply) == status


def test_subject__without_one():
    assert dsn.subject(DsnKind.FAILED, message(subject=""), SETTINGS) == "Undeliverable"


def test_settings__postmaster_of_the_default_domain():
    domain = AcceptedDomain(id="acme", name="acme", domain="acme.example")
    assert DsnSettings.of(MailFlow(accepted_domains=(domain,)), "h").from_address == "postmaster@acme.example"
    organization = Organization(postmaster_address="help@acme.example")
    assert DsnSettings.of(MailFlow(organization=organization), "h").from_address == "help@acme.example"
    assert DsnSettings.of(MailFlow(), "relay.test").from_address == "postmaster@relay.test"


def test_sentences__every_kind_has_one():
    assert all(kind.sentence.endswith(".") for kind in DsnKind)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (("5.1.1",), "needs a status and a text"),
        (("2.0.0 Fine",), "needs a status and a text"),
        (("unknown Ask us",), "needs a status and a text"),
        (("5.1.1 One", "5.1.1 Two"), "5.1.1 is there twice"),
        ((f"5.1.1 {'x' * 501}",), "more than 500"),
        (("5.1.1 a\r\nBcc: b",), "control"),
    ],
)
def test_system_messages__that_are_none__are_refused(given, problem):
    with pytest.raises(ValidationError, match=problem):
        Organization(system_messages=given)
