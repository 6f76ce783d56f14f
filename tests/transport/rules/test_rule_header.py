"""The header as rules change it: what no rule means stays octet for octet, and what is put in can be read again."""

from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.model.address import Address
from transport.rules import address_list
from transport.rules.rule_header import MAX_TEXT, HeaderFields, NotKnown, decoded, encoded

BOB = Address("bob", "fabrikam.com")


@given(
    st.binary(max_size=200),
    st.lists(st.sampled_from([b"A: b", b"\r\n", b" x", b"\t", b":", b"\xff", b"\n"]), max_size=20),
)
def test_header__nothing_changed__is_the_same_octets(octets: bytes, pieces: list[bytes]):
    for whole in (octets, b"".join(pieces)):
        assert bytes(HeaderFields(whole)) == whole


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"=?utf-8?B?w6Q=?= =?utf-8?Q?_=C3=B6?=", "ä ö"),
        (b"=?utf-8?B?w6Q?= x =?iso-8859-1?q?=F6?=", "ä x ö"),
        (b"=?utf-8?B?4oI=?=\t=?UTF-8?B?rA==?=", "€"),
        (b"=?no-such?B?w6Q=?=", "=?no-such?B?w6Q=?="),
        (b"a =?utf-8?Q?b c?= d", "a b c d"),
        (b"\xc3\xa4\x00\x1b", "ä"),
    ],
)
def test_decoded__encoded_words__are_read(value: bytes, text: str):
    assert decoded(value) == text


def test_decoded__words_that_never_end__takes_one_pass():
    assert len(decoded(b"=?a?q?" * 100_000)) <= MAX_TEXT
    assert len(decoded(b"=?utf-8?q?x?=" * 100_000)) <= MAX_TEXT


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=100))
def test_encoded__any_text__is_read_again(text: str):
    header = HeaderFields(b"")
    header.set("X-Said", text)
    assert all(len(line) <= 998 for line in bytes(header).split(b"\r\n"))
    if "=?" not in text:
        assert header.texts("x-said") == [text.strip()]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Subject: Hi\r\n", b"Subject: [E] Hi\r\n"),
        (b"subject:Hi\r\n there\r\n", b"subject: [E] Hi\r\n there\r\n"),
        (b"Subject:\r\n Hi\r\n", b"Subject: [E]\r\n Hi\r\n"),
        (b"Subject: [E] Hi\r\n", b"Subject: [E] Hi\r\n"),
        (b"A: b\r\n", b"Subject: [E]\r\nA: b\r\n"),
        (b"Subject: " + b"x" * 950 + b"\r\n", b"Subject: [E]\r\n " + b"x" * 950 + b"\r\n"),
    ],
)
def test_subject__text_put_before_it__rest_stays(before: bytes, after: bytes):
    header = HeaderFields(before)
    header.prepend_subject("[E]")
    assert bytes(header) == after


def test_subject__given_twice__text_stands_before_both():
    header = HeaderFields(b"Subject: a\r\nX: y\r\nsubject: b\r\n")
    header.prepend_subject("[E]")
    assert bytes(header) == b"Subject: [E] a\r\nX: y\r\nsubject: [E] b\r\n"


def test_subject__prefix_that_is_not_ascii__is_shown_with_its_space():
    header = HeaderFields(b"Subject: =?utf-8?B?w7Y=?=\r\n")
    header.prepend_subject("[Außen]")
    read = message_from_bytes(bytes(header) + b"\r\n", policy=policy.default)
    assert read["subject"] == "[Außen] ö"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"To: a@b.com\r\n", b"To: a@b.com,\r\n\t<bob@fabrikam.com>\r\n"),
        (b"To:\r\n", b"To: <bob@fabrikam.com>\r\n"),
        (b"To: x: a@b.com;\r\n", b"To: x: a@b.com;,\r\n\t<bob@fabrikam.com>\r\n"),
        (b"To: Bob <BOB@fabrikam.com>\r\n", b"To: Bob <BOB@fabrikam.com>\r\n"),
        (b"Cc: a@b.com\r\n", b"To: <bob@fabrikam.com>\r\nCc: a@b.com\r\n"),
    ],
)
def test_recipient__added_to_a_field__others_stay(before: bytes, after: bytes):
    header = HeaderFields(before)
    header.add_address("To", BOB)
    assert bytes(header) == after


def test_header__of_many_folded_lines__is_read_in_one_pass():
    header = HeaderFields(b"X: y\r\n" + b" z\r\n" * 60_000)
    assert len(header.texts("x")[0]) <= MAX_TEXT


def test_set__field_that_is_there_more_than_once__is_there_once_in_the_first_place():
    header = HeaderFields(b"A: 1\r\nX: 1\r\nB: 1\r\nx: 2\r\n y\r\n")
    header.set("X", encoded("3"))
    assert bytes(header) == b"A: 1\r\nX: 3\r\nB: 1\r\n"
    header.remove("x")
    assert bytes(header) == b"A: 1\r\nB: 1\r\n"


def test_texts__more_fields_of_a_name_than_anybody_writes__are_not_known():
    header = HeaderFields(b"Subject: x\r\n" * 201)
    with pytest.raises(NotKnown, match="201 fields"):
        header.texts("Subject")
    assert header.addresses("Subject") is None


def test_addresses__of_thousands_of_groups__are_read_in_one_pass():
    found = address_list.parse("a:b@c.com;," * 5_000, are_groups_allowed=True)
    assert found == [Address("b", "c.com")] * 5_000
    assert HeaderFields(b"To: " + b"a:b@c.com;," * 50_000 + b"\r\n").addresses("To") is None


def test_decoded__half_of_a_surrogate_pair__is_no_text_that_anything_stores():
    assert decoded(b"a =?utf-7?Q?+2AA-b?= c") == "a  b c"


def test_texts__longer_than_is_looked_at__are_told():
    header = HeaderFields(b"X: " + b"a" * MAX_TEXT + b"\r\nY: " + b"a" * (MAX_TEXT + 1) + b"\r\n")
    assert (header.is_cut("x"), header.is_cut("Y")) == (False, True)


def test_texts__after_a_change__are_the_changed_ones():
    header = HeaderFields(b"Subject: x\r\nTo: a@b.com\r\n")
    assert (header.texts("subject"), header.addresses("To")) == (["x"], [Address("a", "b.com")])
    header.prepend_subject("[E]")
    header.add_address("To", BOB)
    assert (header.texts("subject"), header.addresses("To")) == (["[E] x"], [Address("a", "b.com"), BOB])
