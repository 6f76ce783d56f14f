"""Who wrote a message, by its From field: an answer that is right, or none."""

import email.headerregistry
import email.policy
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.model.address import Address, InvalidAddress
from transport.rules import address_list
from transport.rules.authors import authors

ANNA = Address("anna", "acme.example")
BJÖRN = Address("björn", "acme.example")


def of(field):
    return authors(f"To: x@y.example\r\nFrom: {field}\r\nSubject: s\r\n".encode())


@pytest.mark.parametrize(
    "field",
    [
        "anna@acme.example",
        "<anna@acme.example>",
        "Anna <anna@acme.example>",
        '"Example, Anna" <anna@acme.example>',
        '"anna@acme.example" <anna@acme.example>',
        '"\\"Anna\\" (at) acme" <anna@ACME.example>',
        "=?utf-8?q?=C3=84nna?= <anna@acme.example>",
        "anna@acme.example (Anna (at home))",
        "Anna\r\n <anna@acme.example>",
        "Anna (ceo@acme.example) <anna@acme.example>",
        ", anna@acme.example,",
    ],
)
def test_authors__one_address_however_written__is_that(field):
    assert of(field) == [ANNA]


def test_authors__several__are_all_of_them():
    assert of('anna@acme.example, "B, J" <björn@acme.example>') == [ANNA, BJÖRN]


def test_authors__no_from_field__is_nobody():
    assert authors(b"To: anna@acme.example\r\nX-From: a@b.example\r\n") == []
    assert authors(b"") == []


@pytest.mark.parametrize(
    "header",
    [
        b"From: anna@acme.example\r\nFrom: ceo@acme.example\r\n",
        b"From: anna@acme.example\r\nFROM : ceo@acme.example\r\n",
        b"From: anna@acme.example\r\n \r\nfrom: ceo@acme.example\r\n",
    ],
)
def test_authors__two_fields__is_nobody_to_trust(header):
    """RFC 5322 3.6: one; readers differ in which of two they show."""
    assert authors(header) is None


@pytest.mark.parametrize(
    "field",
    [
        # CVE-2023-27043, and others of its kind: which domain is it?
        "anna@acme.example)ceo@evil.example",
        "anna@acme.example]ceo@evil.example",
        "anna@acme.example<ceo@evil.example>",
        "anna@acme.example>ceo@evil.example",
        "anna@acme.example[ceo@evil.example",
        'anna@acme.example"ceo@evil.example',
        "anna@acme.example@evil.example",
        "anna@acme.example:ceo@evil.example",
        "anna@acme.example\\ceo@evil.example",
        "<anna@acme.example><ceo@evil.example>",
        "<anna@acme.example> ceo@evil.example",
        "<anna@acme.example",
        "ceo@evil.example <anna@acme.example>",
        "<@evil.example:anna@acme.example>",
        "Staff: anna@acme.example;",
        "anna@acme.example; ceo@evil.example",
        "anna@(evil.example)acme.example",
        "an(x)na@acme.example",
        "(anna@acme.example",
        '"anna@acme.example',
        "anna @acme.example",
        "anna@acme.example\0",
        "anna",
        "<>",
    ],
)
def test_authors__what_parsers_read_differently__is_refused(field):
    assert of(field) is None


def test_authors__not_utf8__is_no_address_that_anybody_owns():
    found = authors(b"From: \xffanna@acme.example\r\n")
    assert found is None or found[0] != ANNA


@given(st.text(alphabet='<>@"\\()[],;: .ab\r\n\t', max_size=60))
def test_authors__hostile_field__is_an_answer_or_none(field):
    found = of(field)
    assert found is None or all(address.domain and "@" not in address.domain for address in found)


@given(st.text(alphabet='<>@"()[],; .ab', max_size=24))
def test_authors__what_is_taken__is_what_the_standard_library_reads_too(field):
    """Wherever we find addresses, a parser that goes by RFC 5322 finds the same domains."""
    found = of(field)
    if not found or any('"' in str(address) or "[" in str(address) for address in found):
        return
    read = email.policy.default.header_factory("From", field)
    theirs = [address.domain for address in read.addresses if address.addr_spec != "<>"]
    assert theirs == [address.domain for address in found]


@pytest.mark.parametrize("field", ['"' + '\\"' * 30_000, "(" * 60_000, '"",' * 20_000, "<" * 60_000, "a," * 30_000])
def test_authors__field_made_to_be_slow__is_quick(field):
    began = time.perf_counter()
    of(field)
    assert time.perf_counter() - began < 1.0


def test_authors__overlong__is_refused():
    assert of("anna@acme.example," * 5000) is None


def test_parse__groups__are_their_members_where_allowed():
    field = 'Staff: anna@acme.example, "x;:" <björn@acme.example>;, Nobody:;, c@[IPv6:2001:db8::1]'
    assert address_list.parse(field, are_groups_allowed=True) == [ANNA, BJÖRN, Address("c", "[ipv6:2001:db8::1]")]
    assert address_list.parse("undisclosed-recipients:;", are_groups_allowed=True) == []


@pytest.mark.parametrize(
    "field", ["Staff: a@b.example", "a@b.example;", "A: B: a@b.example;;", "a@b.example: c@d.example;"]
)
def test_parse__half_a_group__is_refused(field):
    with pytest.raises((InvalidAddress, ValueError)):
        address_list.parse(field, are_groups_allowed=True)
