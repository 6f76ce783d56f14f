"""The key of an address, and what is no address."""

import pytest

from directory.addresses import MalformedAddress, address_key, domain_of, parse_address


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna@Acme.Example", "anna@acme.example"),
        ("ÅSA@acme.example", "åsa@acme.example"),
        ("post@BÜCHER.example", "post@xn--bcher-kva.example"),
        ('"anna"@acme.example', "anna@acme.example"),
        ("e\u0301lodie@acme.example", "élodie@acme.example"),
    ],
)
def test_address_key__two_spellings_of_one_recipient__are_equal(one, other):
    assert address_key(one) == address_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("anna@acme.example", "anna@acme.example.evil"), ('"a b"@acme.example', "ab@acme.example")],
)
def test_address_key__different_recipients__differ(one, other):
    assert address_key(one) != address_key(other)


@pytest.mark.parametrize("text", ["o'brien+list@acme.example", '"odd ten"@acme.example', "jörg@bücher.example", "a@b"])
def test_parse_address__allowed_by_the_rfc__is_kept_as_written(text):
    assert parse_address(f" {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        "", "nodomain", "@acme.example", "anna@", "a..b@acme.example", ".a@acme.example", "a b@acme.example",
        "a@-acme.example", "a@acme..example", "a@[127.0.0.1]", "a@b@acme.example", "x" * 65 + "@acme.example",
        "anna@acme.example\r\nRCPT TO:<x@y>", "an\u202ena@acme.example", "an\u200bna@acme.example",
        "a\x00@acme.example",
    ],
)  # fmt: skip
def test_parse_address__not_an_smtp_address__is_refused(text):
    with pytest.raises(MalformedAddress):
        parse_address(text)


def test_domain_of__u_label__is_an_a_label():
    assert domain_of("post@Bücher.Example") == "xn--bcher-kva.example"
