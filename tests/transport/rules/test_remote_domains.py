"""Remote domains: the most specific one holds, never for our own domains; automatic mail is known by its header."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.listener import mail_flow
from transport.config.validate import validate
from transport.model.address import parse_mailbox
from transport.model.verdict import Answer
from transport.rules import dsn, remote_domains
from transport.rules.dsn import DsnKind, DsnSettings, Told

NOBODY = {"is_auto_reply_enabled": False, "is_auto_forward_enabled": False}


def remote(*domains, **fields):
    made = [{"id": f"d{at}", "name": domain, "domain": domain, **fields} for at, domain in enumerate(domains)]
    return mail_flow(remote_domains=made)


def verdict(document, *recipients, header):
    known = remote_domains.RemoteDomains(document)
    return remote_domains.message(known, [parse_mailbox(one) for one in recipients], f"{header}\r\n\r\nx\r\n".encode())


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ("a.example", "a.example"),
        ("z.a.example", "*.a.example"),
        ("y.x.a.example", "*.x.a.example"),
        ("b.example", "*"),
        ("acme.example", None),
    ],
)
def test_find__the_most_specific_one__never_for_our_own(domain, found):
    known = remote_domains.RemoteDomains(remote("a.example", "*.a.example", "*.x.a.example", "*"))
    one = known.find(domain)
    assert (one and one.domain) == found


@pytest.mark.parametrize(
    ("header", "is_refused"),
    [
        ("Auto-Submitted: auto-replied", True),
        ("Precedence: auto_reply", True),
        ("Autoforwarded: true", True),
        ("Auto-Submitted: auto-generated", False),
        ("Auto-Submitted: no", False),
        ("Auto-Submitted: auto-replied\r\nContent-Type: multipart/report; report-type=delivery-status", False),
        ("Subject: Automatic reply: away", False),
    ],
)
def test_message__automatic_by_its_header__is_refused(header, is_refused):
    refused = verdict(remote("b.example", **NOBODY), "x@b.example", header=header)
    assert (refused is not None) == is_refused
    if refused is not None:
        assert refused.reply.code == 550 and refused.trail[0].row[:4] == ["remote_domains", "d0", "b.example", "yes"]


def test_message__to_others_or_allowed__passes():
    header = "Auto-Submitted: auto-replied"
    assert verdict(remote("b.example", **NOBODY), "x@c.example", header=header) is None
    assert verdict(remote("b.example", is_auto_forward_enabled=False), "x@b.example", header=header) is None
    assert verdict(remote("*", **NOBODY), "x@acme.example", header=header) is None


def test_message__whose_header_cannot_be_read__is_put_off():
    header = "\r\n".join(["Auto-Submitted: no"] * 300)
    deferred = verdict(remote("b.example", **NOBODY), "x@b.example", header=header)
    assert deferred.reply.code == 451 and deferred.trail[0].answer is Answer.CANNOT_TELL


def test_reports__are_held_back_as_it_says_and_not_from_our_own():
    settings = DsnSettings.of(remote("*", is_ndr_enabled=False), "relay.test")
    sender, ours = parse_mailbox("a@b.example"), parse_mailbox("a@acme.example")
    assert dsn.held_back_by(DsnKind.FAILED, sender, settings) and dsn.held_back_by(DsnKind.DELAYED, sender, settings)
    assert dsn.held_back_by(DsnKind.RELAYED, sender, settings) is None
    assert dsn.held_back_by(DsnKind.FAILED, ours, settings) is None
    settings = DsnSettings.of(remote("*", is_delivery_report_enabled=False), "relay.test")
    assert dsn.held_back_by(DsnKind.DELIVERED, sender, settings)


def test_reports__without_diagnostics__quote_nobody():
    told = Told(
        parse_mailbox("x@c.example"), parse_mailbox("x@c.example"), status="5.1.1", reply="550 secret", remote="mx"
    )
    settings = DsnSettings.of(remote("b.example", is_ndr_diagnostic_info_enabled=False), "relay.test")
    (quiet,) = dsn.as_told_to(parse_mailbox("a@b.example"), (told,), settings)
    assert (quiet.reply, quiet.remote, quiet.status) == ("", "", "5.1.1")
    assert dsn.as_told_to(parse_mailbox("a@c.example"), (told,), settings) == (told,)


def test_domain__named_twice__is_an_error():
    problems = validate(remote("b.example", "b.example"), now=datetime(2026, 1, 1, tzinfo=UTC))
    assert any(one.kind == "remote_domains" and "too: delete" in one.sentence for one in problems)
