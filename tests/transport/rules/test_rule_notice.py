"""What mail flow rules tell by mail: hostile text of the message can't break out of a report."""

from tests.transport.rules.dsn_kit import NOW, SETTINGS, message
from transport.model.address import Address
from transport.model.envelope import Recipient
from transport.model.ruled import Notice
from transport.rules import rule_notice


def test_report__hostile_words_of_the_message__stay_on_their_lines():
    about = message(subject="a\r\nBcc: x@y.example\u202e", helo="evil\r\n\r\nbody", internet_message_id="<1>\r\nX: y")
    notice = Notice("R\r\nTo: z@z.example", "It fits: " + "x" * 2000, (Address("audit", "acme.example"),))
    octets = rule_notice.compose_report(about, notice, SETTINGS, queue_id="1", now=NOW)
    head, _, body = octets.partition(b"\r\n\r\n")
    assert [line for line in head.split(b"\r\n") if line.startswith((b"Bcc", b"X:"))] == []
    assert head.count(b"\r\nTo: ") == 1
    assert b"\xe2\x80\xae" not in octets  # bidi control
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert b"Client: 192.0.2.7 evil body" in body


def test_report__more_recipients_than_it_lists__names_each_once_before_it_counts_the_others():
    staff = Address("staff", "acme.example")
    others = [Address(f"u{n}", "acme.example") for n in range(rule_notice.MAX_LISTED + 1)]
    members = [Recipient(n, Address(f"m{n}", "acme.example"), staff) for n in range(5000)]
    about = message(recipients=members + [Recipient(6000 + n, one, one) for n, one in enumerate(others)])
    octets = rule_notice.compose_report(
        about, Notice("R", "It fits", (Address("a", "b.example"),)), SETTINGS, queue_id="1", now=NOW
    )
    said = b" ".join(octets.split())
    assert said.count(b"staff@acme.example") == said.count(b"u98@acme.example") == 1
    assert b"u99@" not in said and b"u98@acme.example and 2 more" in said
