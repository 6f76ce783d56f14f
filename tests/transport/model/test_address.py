"""RFC 5321 paths: what decides about relay must read an address as every other server does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.model.address import NULL, Address, InvalidAddress, parse_mailbox, parse_path
from transport.model.envelope import decode_queue_id, encode_queue_id


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        ("<bob@Example.COM>", "bob", "example.com"),
        ("<b.o-b+tag=x@example.com>", "b.o-b+tag=x", "example.com"),
        ('<"bob smith"@example.com>', "bob smith", "example.com"),
        ('<"a@b"@example.com>', "a@b", "example.com"),
        (r'<"a\"b"@example.com>', 'a"b', "example.com"),
        ('<"plain"@example.com>', "plain", "example.com"),
        ("<@relay.example,@other.example:bob@example.com>", "bob", "example.com"),
        ("<bob@[192.0.2.1]>", "bob", "[192.0.2.1]"),
        ("<bob@[IPv6:2001:db8::1]>", "bob", "[ipv6:2001:db8::1]"),
        ("<grüße@bücher.example>", "grüße", "bücher.example"),
    ],
)
def test_parse_path__valid__gives_both_parts(text, local, domain):
    assert parse_path(text) == Address(local, domain)


@pytest.mark.parametrize(
    "text",
    [
        "bob@example.com",
        "<>",
        "<bob>",
        "<postmaster>",
        "<bob@>",
        "<@example.com>",
        "<bob@example.com",
        "<bob@example.com> SIZE=1",
        "<bob@@example.com>",
        "<bob@a@example.com>",
        "<bob..x@example.com>",
        "<.bob@example.com>",
        "<bob@example..com>",
        "<bob@-example.com>",
        "<bob@example-.com>",
        "<bob@exa mple.com>",
        "<bob\r\n@example.com>",
        "<bob\x00@example.com>",
        "<(comment)bob@example.com>",
        "<bob@[300.1]x>",
        '<"bob"x@example.com>',
        '<"bo\rb"@example.com>',
        "<" + "a" * 65 + "@example.com>",
        "<bob@" + "a" * 64 + ".example>",
        "<bob@" + "a." * 130 + "example>",
        "<bob%other.example@>",
    ],
)
def test_parse_path__invalid__is_refused(text):
    with pytest.raises(InvalidAddress):
        parse_path(text)


def test_parse_path__null_and_bare_postmaster__only_where_allowed():
    assert parse_path("<>", allow_null=True) is NULL
    assert parse_path("<PostMaster>", allow_postmaster=True) == Address("PostMaster", "")


@given(st.text(max_size=80))
def test_parse_path__any_text__is_an_address_or_refused(text):
    try:
        address = parse_path(f"<{text}>")
    except InvalidAddress:
        return
    assert parse_mailbox(str(address)) == address
    assert not any(ord(c) < 32 or c == "\x7f" for c in str(address))


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_queue_id__any_id__reads_back(message_id):
    assert decode_queue_id(encode_queue_id(message_id).lower()) == message_id


def test_queue_id__mistyped__is_refused():
    with pytest.raises(ValueError, match="13 characters"):
        decode_queue_id("UUUUUUUUUUUUU")
