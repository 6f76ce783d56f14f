"""Addresses in a header change, and nothing else does: folds, quotes, comments, groups, encoded words."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.model.address import Address, quote_local_part
from transport.rules.header_addresses import rewrite


def outward(address):
    if address.domain == "corp.local":
        return Address({"weird": "we ird"}.get(address.local_part, address.local_part), "acme.example")
    return None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"From: a@corp.local", b"From: a@acme.example"),
        (b"FROM :A <a@CORP.local>", b"FROM :A <a@acme.example>"),
        (b"From: weird@corp.local", b'From: "we ird"@acme.example'),
        (b'From: "a@corp.local" <"a b"@corp.local>', b'From: "a@corp.local" <"a b"@acme.example>'),
        (
            b"To: G: a@corp.local,\r\n\t b@x.example;, c@corp.local",
            b"To: G: a@acme.example,\r\n\t b@x.example;, c@acme.example",
        ),
        (
            b"To: a(x (y) @corp.local \\) z)@(q)corp.local (a@corp.local)",
            b"To: a(x (y) @corp.local \\) z)@(q)acme.example (a@corp.local)",
        ),
        (
            b"Cc: =?utf-8?q?a=40corp.local?= <a\r\n @corp.local>",
            b"Cc: =?utf-8?q?a=40corp.local?= <a\r\n @acme.example>",
        ),
        (b"To: <@r.corp.local,@corp.local:a@corp.local>", b"To: <@r.corp.local,@corp.local:a@acme.example>"),
        (b"To: \xc3\xa9 <\xc3\xa9@corp.local>", b"To: \xc3\xa9 <\xc3\xa9@acme.example>"),
        (b"Disposition-Notification-To: a@corp.local", b"Disposition-Notification-To: a@acme.example"),
    ],
)
def test_rewrite__one_field__changes_the_address_alone(before, after):
    rest = b"\r\nSubject: a@corp.local\r\nX-From: a@corp.local\r\n"
    assert rewrite(before + rest, outward) == after + rest


@pytest.mark.parametrize(
    "header",
    [
        b"From: a . b@corp.local\r\n",
        b"From: a@corp . local\r\n",
        b"From: a@b@corp.local\r\n",
        b'From: "open a@corp.local\r\n',
        b"From: (open a@corp.local\r\n",
        b"From: \xff@corp.local\r\n",
        b"From: a@[corp.local]\r\n",
        b"From: a@notcorp.local, b@corp.local.evil\r\n",
        b"Message-ID: <a@corp.local>\r\n",
        b"no field at all a@corp.local\r\n",
        b"",
    ],
)
def test_rewrite__what_is_not_surely_an_address__is_the_same_object(header):
    assert rewrite(header, outward) is header


def test_rewrite__long_line__is_folded_and_reads_as_before():
    many = b"To: " + b", ".join(b"person%d@corp.local" % n for n in range(45)) + b"\r\n"
    assert 800 < len(many) < 998
    made = rewrite(many, outward)
    assert max(map(len, made.split(b"\r\n"))) <= 998 and made.endswith(b"\r\n") and b"\r\n\r\n" not in made
    parsed = email.message_from_bytes(made + b"\r\n", policy=email.policy.SMTP)
    assert [a.addr_spec for a in parsed["to"].addresses] == [f"person{n}@acme.example" for n in range(45)]


LOCAL = st.text('abcXYZ0129.+-_ "\\(),<>@', min_size=1, max_size=8)
SHAPES = st.sampled_from(["{}", "<{}>", '"a\\"@corp.local" <{}>', "({}) x <{}>", "G:{};", "{} (a@corp.local)"])
JOINTS = st.sampled_from([",", ", ", ",\r\n ", " ,\r\n\t"])


@given(st.lists(st.tuples(SHAPES, LOCAL, st.booleans(), JOINTS), min_size=1, max_size=6))
def test_rewrite__any_well_formed_list__differs_by_the_domain_of_our_addresses(people):
    def header(ours):
        made = "Cc: "
        for shape, local, is_ours, joint in people:
            mailbox = f"{quote_local_part(local)}@{ours if is_ours else 'x.example'}"
            made += shape.format(*["c" for _ in range(shape.count("{}") - 1)], mailbox) + joint
        return (made + "z@x.example\r\n").encode()

    assert rewrite(header("corp.local"), outward) == header("acme.example")


@given(st.binary(max_size=200))
def test_rewrite__any_octets__ends_and_keeps_what_has_no_address_of_ours(noise):
    if b"corp" not in noise.lower():
        assert rewrite(b"To: " + noise, outward) == b"To: " + noise
