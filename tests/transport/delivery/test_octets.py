"""What goes over the wire and comes back, octet by octet: dots, line ends, commands, replies in pieces."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.delivery import capabilities, envelope, wire
from transport.delivery.capabilities import Capabilities
from transport.delivery.fit import EIGHT_BIT, PLAIN, Fit
from transport.delivery.reply_parser import MAX_LINE_BYTES, ReplyParser, ReplyTooLong
from transport.model.address import Address
from transport.model.envelope import Message, Recipient

SENDER = Address("a", "acme.example")
ALL = Capabilities(is_esmtp=True, has_dsn=True, is_size_known=True, has_eight_bit_mime=True)


@pytest.mark.parametrize(
    ("body", "encoded"),
    [
        (b"a\r\n", b"a\r\n"),
        (b"a", b"a\r\n"),
        (b"", b""),
        (b".", b"..\r\n"),
        (b".a\r\n.\r\n..\r\n", b"..a\r\n..\r\n...\r\n"),
        (b"a\n.\nb", b"a\r\n..\r\nb\r\n"),
        (b"a\r.\rb", b"a\r\n..\r\nb\r\n"),
        (b"a\r\r\nb\n\r\n", b"a\r\n\r\nb\r\n\r\n"),
    ],
)
def test_encode(body, encoded):
    assert wire.encode(body) == encoded


@given(st.binary().map(lambda octets: octets.translate(bytes.maketrans(b"abcd", b"\r\n.\r"))))
def test_encode__never_ends_early_nor_emits_a_bare_line_end(body):
    encoded = wire.encode(body)
    assert wire.is_canonical(encoded)
    assert b"\r\n.\r\n" not in b"\r\n" + encoded
    if wire.is_canonical(body):
        decoded = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in encoded.split(b"\r\n"))
        assert decoded in (body, body + b"\r\n")


@given(st.lists(st.sampled_from([b"250 ok\r\n", b"250-a\r\n250-b\r\n250 c\r\n", b"354\r\n", b"550 \n"])), st.data())
def test_replies__are_the_same_however_they_are_cut(replies, data):
    stream = b"".join(replies)
    whole = ReplyParser().feed(stream)
    assert len(whole) == len(replies)
    parser, pieces = ReplyParser(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        pieces += parser.feed(stream[:size])
        stream = stream[size:]
    assert pieces == whole and parser.is_clean


def test_replies__endless_lines_and_endless_replies_are_refused():
    with pytest.raises(ReplyTooLong):
        ReplyParser().feed(b"2" * (MAX_LINE_BYTES + 1))
    parser = ReplyParser()
    with pytest.raises(ReplyTooLong):
        for _ in range(100):
            parser.feed(b"250-" + b"x" * 1000 + b"\r\n")


def message(sender=SENDER, **fields):
    base: dict[str, Any] = {
        "id": 1,
        "recipients": [],
        "size_bytes": 99,
        "received_at": 0.0,
        "expires_at": 0.0,
        "session_id": "",
    }
    base |= {"peer": "", "helo": "", "identity": "", "connector_id": "", "revision": 1}
    return Message(envelope_sender=sender, **base | fields)


def recipient(address, **fields):
    return Recipient(0, address, address, **fields)


def test_mail__null_sender_and_quoted_local_part():
    plain = envelope.mail(message(Address("", "")), ALL, PLAIN)
    assert plain == b"MAIL FROM:<> SIZE=99\r\n"
    quoted = envelope.mail(message(Address("a b", "x.example")), Capabilities(), EIGHT_BIT)
    assert quoted == b'MAIL FROM:<"a b"@x.example>\r\n'


def test_rcpt__postmaster_without_a_domain():
    assert envelope.rcpt(recipient(Address("postmaster", "")), ALL, is_utf8=False) == b"RCPT TO:<postmaster>\r\n"


@pytest.mark.parametrize("text", ["a\r\nRCPT TO:<x@y.example>", "a\x00", "a\n"])
def test_commands__nothing_breaks_out(text):
    with pytest.raises(envelope.UnsafeEnvelope):
        envelope.rcpt(recipient(Address(text, "x.example")), ALL, is_utf8=True)
    with pytest.raises(envelope.UnsafeEnvelope):
        envelope.mail(message(Address(text, "x.example")), ALL, Fit(False, True))
    assert b"\r" not in envelope.mail(message(envid=text), ALL, PLAIN)[:-2]


def test_capabilities__of_a_talkative_server():
    text = "mx.example hello\nPIPELINING\nsize 1000\nSIZE\nAUTH PLAIN\nAUTH=LOGIN\n8bitmime\nX-Y " + "z" * 400
    found = capabilities.parse(text)
    assert found.has_pipelining and found.has_eight_bit_mime and not found.has_smtputf8
    assert found.is_size_known and found.max_size_bytes == 1000
    assert found.auth_mechanisms == {"PLAIN", "LOGIN"} and found.max_recipients == 100


@pytest.mark.parametrize("line", ["SIZE abc", "SIZE -1", "SIZE " + "9" * 30, "LIMITS RCPTMAX=x", "LIMITS RCPTMAX=0"])
def test_capabilities__nonsense_changes_nothing(line):
    found = capabilities.parse(f"mx.example\n{line}")
    assert found.max_size_bytes == 0 and found.max_recipients in (1, 100)


@given(st.binary().map(lambda octets: octets.translate(bytes.maketrans(b"abcd", b"\r\n.\r"))))
def test_lines__are_what_data_carries_before_its_dots_are_stuffed(body):
    lines = wire.lines(body)
    assert wire.is_canonical(lines) and wire.encode(body) == wire.encode(lines, is_checked=True)
    assert lines in (body, body + b"\r\n") or not wire.is_canonical(body)


@pytest.mark.parametrize(
    ("body", "is_text"),
    [
        (b"Subject: x\r\n\r\ntext\r\n", True),
        ("Subject: x\r\n\r\nGrüße\r\n".encode(), True),
        (b"Subject: x\r\n\r\na\x00b\r\n", False),
        (b"Subject: x\r\n\r\na\nb\r\n", False),
        (b"Subject: x\r\n\r\n" + b"y" * 999 + b"\r\n", False),
        (b"Content-Transfer-Encoding: Binary\r\n\r\ntext\r\n", False),
    ],
)
def test_text__is_what_needs_no_binarymime_whatever_was_declared(body, is_text):
    assert wire.is_text(body) is is_text


def test_capabilities__binarymime_without_chunking_is_of_no_use():
    assert capabilities.parse("mx\nCHUNKING\nBINARYMIME").has_binary_mime
    assert not capabilities.parse("mx\nBINARYMIME").has_binary_mime
