"""What a file of the Pickup directory is read as, and what becomes of its header."""

from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.config.objects import Organization
from transport.rules.pickup import BadFile, compose, read

LIMITS = Organization()
MINIMAL = b"From: a@acme.example\r\nTo: b@partner.example\r\n\r\nx\r\n"


def sent(content, **limits):
    file = read(content, Organization(**limits) if limits else LIMITS)
    return compose(file, queue_id="QID", hostname="relay.test", now=0.0)


def recipients(content):
    return [str(address) for address in read(content, LIMITS).recipients]


def test_read__to_cc_and_bcc__are_the_recipients_each_once():
    content = (
        b'From: a@acme.example\nTo: "B, B" <b@partner.example>, Staff: c@x.example, B@partner.example;\n'
        b"cc: d@x.example\nBCC:\n e@x.example\n\nx\n"
    )
    assert recipients(content) == ["b@partner.example", "c@x.example", "d@x.example", "e@x.example"]


@pytest.mark.parametrize(
    ("header", "sender"),
    [
        (b"From: A <a@acme.example>", "a@acme.example"),
        (b"From: a@acme.example\nSender: s@acme.example", "s@acme.example"),
        (b"From: a@acme.example, b@acme.example\nSender: s@acme.example", "s@acme.example"),
    ],
)
def test_read__sender_else_from__is_the_reverse_path(header, sender):
    assert str(read(header + b"\nTo: b@x.example\n\nx", LIMITS).sender) == sender


def test_compose__trace_bcc_and_resent_fields__go_and_all_else_stays_in_order():
    content = (
        b"Received: from evil\r\n\tby evil\r\nX-One: 1\r\nResent-From: r@x.example\r\nResent-Bcc: q@x.example\r\n"
        b"From: a@acme.example\r\nBcc: hidden@x.example,\r\n other@x.example\r\nTo: b@x.example\r\n"
        b"Message-ID: <1@x>\r\nDate: Thu, 1 Jan 1970 00:00:00 -0000\r\nX-Two: folded\r\n  here\r\n\r\nbody\r\n"
    )
    assert sent(content) == (
        b"Received: by relay.test (Mailconsole Pickup) id QID;\r\n\tThu, 01 Jan 1970 00:00:00 -0000\r\n"
        b"X-One: 1\r\nFrom: a@acme.example\r\nTo: b@x.example\r\nMessage-ID: <1@x>\r\n"
        b"Date: Thu, 1 Jan 1970 00:00:00 -0000\r\nX-Two: folded\r\n  here\r\n\r\nbody\r\n"
    )


def test_compose__date_and_message_id_missing__are_added():
    made = message_from_bytes(sent(MINIMAL))
    assert made["Message-ID"] == "<QID@relay.test>"
    assert made["Date"] == "Thu, 01 Jan 1970 00:00:00 -0000"
    assert made.get_payload() == "x\r\n"


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
def test_read__line_ends_of_any_system__become_crlf(ends):
    content = MINIMAL.replace(b"\r\n", ends) + b"." + ends + b"end"
    assert sent(content).endswith(b"\r\n\r\nx\r\n.\r\nend")
    assert b"\n" not in sent(content).replace(b"\r\n", b"")


def test_read__byte_order_mark_of_windows__is_no_part_of_the_message():
    assert recipients(b"\xef\xbb\xbf" + MINIMAL) == ["b@partner.example"]


def test_read__header_only__is_a_message_without_text():
    assert sent(b"From: a@acme.example\nTo: b@x.example").endswith(b"To: b@x.example\r\n"
        b"Date: Thu, 01 Jan 1970 00:00:00 -0000\r\nMessage-ID: <QID@relay.test>\r\n\r\n")  # fmt: skip


def test_read__address_beyond_ascii__needs_smtputf8():
    assert read("From: a@acme.example\nTo: jürgen@x.example\n\n".encode(), LIMITS).is_smtputf8
    assert not read(MINIMAL + b"\xff", LIMITS).is_smtputf8


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "It has no From field."),
        (b"To: b@x.example\n\nx", "It has no From field."),
        (b"From: a@x.example\nFrom: b@x.example\nTo: c@x.example\n\n", "It has 2 From fields"),
        (b"From: a@x.example, b@x.example\nTo: c@x.example\n\n", "From names several addresses"),
        (b"From: Staff\nTo: c@x.example\n\n", "The From field can't be read"),
        (b"From: a@x.example\nSender: a@x.example, b@x.example\nTo: c@x.example\n\n", "Sender names more than one"),
        (b"From: a@x.example\n\nTo: c@x.example\n", "Neither To nor Cc nor Bcc names a recipient."),
        (b"From: a@x.example\nTo: undisclosed-recipients:;\n\n", "Neither To nor Cc nor Bcc"),
        (b"From: a@x.example\nTo: c@x.example)d@y.example\n\n", "The To field can't be read"),
        (b"From: a@x.example\nTo: c@x.example\nhello there\n\n", "Line 3 is no header field"),
        (b" folded: x\nFrom: a@x.example\nTo: c@x.example\n\n", "Line 1 is no header field"),
        ("From: a@x.example\nTo: c@x.example\n\nx".encode("utf-16"), "is no header field"),
        (MINIMAL.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"), "the limit is 64 KB"),
        (b"From: a@x.example\nTo: " + b",".join(b"u%d@x.example" % n for n in range(101)) + b"\n\n", "101 recipients"),
    ],
)
def test_read__cannot_be_sent__says_why(content, why):
    with pytest.raises(BadFile) as refusal:
        read(content, LIMITS)
    assert why in str(refusal.value)


@given(st.binary(max_size=200) | st.text(alphabet='From:T obcS@.\r\n,;<>()" \t', max_size=120).map(str.encode))
def test_read__any_octets__are_sent_whole_or_refused(content):
    try:
        made = sent(content)
    except BadFile:
        return
    assert b"\n" not in made.replace(b"\r\n", b"") and b"\r\n\r\n" in made
