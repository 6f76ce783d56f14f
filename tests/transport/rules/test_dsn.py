"""Notifications: who gets one, what it holds, and that hostile text cannot break out of it."""

import pytest
from pydantic import ValidationError

from tests.transport.rules.dsn_kit import ORIGINAL, SENDER, SETTINGS, compose, message, parsed, status_of, told
from transport.config.document import MailFlow
from transport.config.dsn_words import languages
from transport.config.objects import AcceptedDomain, Organization
from transport.model.address import NULL, Address
from transport.rules import dsn, dsn_text
from transport.rules.dsn import DsnKind, DsnSettings
from transport.rules.dsn_fields import typed_address


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


def test_copy_for_the_postmaster__by_status_of_a_failure_only():
    organization = Organization(generate_copy_of_dsn_for=("5.4.6", "5.1.1"))
    settings = DsnSettings.of(MailFlow(organization=organization), "h")
    assert dsn.is_copied(DsnKind.FAILED, [told(status="5.2.2"), told(status="5.1.1")], settings)
    assert not dsn.is_copied(DsnKind.FAILED, [told(status="5.2.2")], settings)
    assert not dsn.is_copied(DsnKind.DELAYED, [told(status="5.1.1")], settings)
    with pytest.raises(ValidationError):
        Organization(generate_copy_of_dsn_for=("4.4.7",))


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
