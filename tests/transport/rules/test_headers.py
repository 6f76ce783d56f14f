"""The little that a relay reads of a header, and the field that it adds."""

import encodings
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.rules import headers

LIMIT = 256 * 1024


def read(content, max_bytes=LIMIT):
    return headers.read(content, max_bytes=max_bytes)


def test_read__usual_header__gives_its_facts():
    facts = read(
        b"Received: a\r\n\tb\r\nSUBJECT: one\r\n two\r\nmessage-id:<1@x>\r\nreceived:c\r\n\r\nReceived: no\r\n"
    )
    assert facts == headers.HeaderFacts(67, 2, "<1@x>", "one two")


def test_read__charsets_that_strangers_make_up__are_not_remembered():
    """Python keeps each name of a codec that it looked for in vain."""
    for number in range(50):
        word = f"=?made-up-{number}?q?x?="
        assert read(f"Subject: {word}\r\n\r\n".encode()).subject == word
    assert not [name for name in encodings._cache if "made_up" in name or "made-up" in name]


@pytest.mark.parametrize(("word", "subject"), [
    ("=?utf-8?q?gr=C3=BC=C3=9Fe?=", "grüße"), ("=?ISO-8859-1?Q?gr=FC=DFe?=", "grüße"), ("=?windows-1252?q?=80?=", "€"),
    ("=?koi8-r?q?=C4=C1?=", "да"), ("=?gb2312?b?xOO6ww==?=", "你好"), ("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
    ("=?us-ascii?q?x?=", "x"), ("=?zlib?b?eJwDAAAAAAE=?=", "=?zlib?b?eJwDAAAAAAE=?="),
])  # fmt: skip
def test_read__subject_in_a_charset__is_decoded_and_never_by_another_codec(word, subject):
    assert read(f"Subject: {word}\r\n\r\n".encode()).subject == subject


@pytest.mark.parametrize(("fields", "is_waived"), [
    (b"TLS-Required: No\r\n", True), (b"tls-required:no \r\n", True), (b"TLS-Required: Yes\r\n", False),
    (b"TLS-Required: No\r\nTLS-Required: No\r\n", False), (b"X-TLS-Required: No\r\n", False), (b"", False),
])  # fmt: skip
def test_read__tls_required_no__once_and_no_other_word(fields, is_waived):
    assert read(b"Subject: x\r\n" + fields + b"\r\nTLS-Required: No\r\n").is_tls_waived is is_waived


@pytest.mark.parametrize(
    ("content", "size"),
    [(b"", 0), (b"\r\nReceived: no\r\n", 0), (b"X: 1\r\n", 6), (b"X: 1\r\n\r\n", 6), (b"X: 1\r\n\r\nbody\r\n\r\n", 6)],
)
def test_read__size__is_what_stands_before_the_empty_line(content, size):
    facts = read(content)
    assert (facts.size_bytes, facts.hop_count) == (size, 0)


def test_read__larger_than_wanted__is_measured_and_not_read():
    facts = read(b"Subject: x\r\n" * 100_000 + b"\r\n", max_bytes=1000)
    assert facts == headers.HeaderFacts(1_200_000)


def test_read__first_of_two__counts():
    assert read(b"Subject: one\r\nSubject: two\r\n\r\n").subject == "one"


@pytest.mark.parametrize(
    ("given_subject", "read_as"),
    [
        (b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?utf-8?b?R3LDvMOfZQ==?= =?utf-8?q?_an_alle?=", "Grüße an alle"),
        (b"=?iso-8859-1?q?Gr=FC=DFe?= to all", "Grüße to all"),
        ("Grüße".encode(), "Grüße"),
        (b"a\x00b\x1b[31mc\x7f", "a b [31mc"),
        (b"=?utf-8?q?a=0D=0Ab?=", "a b"),
        (b"=?utf-8?b?a?=", "=?utf-8?b?a?="),
        (b"=?no-such-charset?q?a?=", "=?no-such-charset?q?a?="),
        (b"=?hex?q?6162?=", "=?hex?q?6162?="),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"=?utf-7?q?+2AA-?=", ""),
        (b"x" * 5000, "x" * headers.MAX_TEXT),
    ],
)
def test_read__subject__is_decoded_at_best_effort_on_one_line(given_subject, read_as):
    assert read(b"Subject: " + given_subject + b"\r\n\r\n").subject == read_as


@given(
    st.lists(
        st.sampled_from([b"=?utf-8?b?", b"?=", b"=?", b"?q?", b"\r\n ", b"\xff", b"utf-7", b"+2", b"-"]), max_size=20
    )
)
def test_read__any_subject__can_be_kept(parts):
    read(b"Subject: " + b"".join(parts) + b"\r\n\r\n").subject.encode("utf-8")


def test_read__hostile_header__takes_linear_time():
    began = time.process_time()
    read(b"received:" + b"\r\n " * 80_000 + b"\r\n\r\n")
    read(b"Subject:" + b" \t" * 120_000 + b"\r\n\r\n")
    read(b"Subject: " + b"=?q?" * 60_000 + b"\r\n\r\n")
    assert time.process_time() - began < 1


def test_received__has_the_clauses_of_rfc_5321():
    field = headers.received(
        helo="client.example",
        peer="2001:db8::1",
        by="relay.test",
        protocol="ESMTPS",
        queue_id="0C5Q",
        recipient="b@acme.example",
        now=1_800_000_000.5,
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
    )
    assert field == (
        b"Received: from client.example ([IPv6:2001:db8::1])\r\n"
        b"\tby relay.test (Mailconsole) with ESMTPS\r\n"
        b"\t(TLSv1.3 TLS_AES_256_GCM_SHA384) id 0C5Q\r\n"
        b"\tfor <b@acme.example>;\r\n"
        b"\tFri, 15 Jan 2027 08:00:00 -0000\r\n"
    )


@pytest.mark.parametrize("helo", ["a b", "a\r\nX: y", "(x) by evil", "é", ";", "a\\"])
def test_received__hostile_helo__is_one_atom(helo):
    field = headers.received(
        helo=helo, peer="10.0.0.1", by="relay.test", protocol="SMTP", queue_id="0", recipient="", now=0
    )
    name = field.split(b" ")[2]
    assert b"?" in name and field.startswith(b"Received: from " + name + b" ([10.0.0.1])\r\n\tby ")


def test_received__recipient_beyond_ascii__is_left_out():
    field = headers.received(
        helo="x", peer="10.0.0.1", by="r", protocol="UTF8SMTP", queue_id="0", recipient="ü@x.example", now=0
    )
    assert b"for" not in field


@pytest.mark.parametrize(
    ("flags", "word"),
    [((0, 0, 0, 0), "SMTP"), ((1, 0, 0, 0), "ESMTP"), ((1, 1, 1, 0), "ESMTPSA"), ((1, 1, 0, 1), "UTF8SMTPS")],
)
def test_transmission_type__is_that_of_rfc_3848_and_6531(flags, word):
    names = ("is_esmtp", "is_tls", "is_authenticated", "is_utf8")
    assert headers.transmission_type(**{n: bool(f) for n, f in zip(names, flags, strict=True)}) == word


def test_local_hops__only_fields_that_we_wrote_count():
    ours = b"Received: from a ([1.2.3.4])\r\n\tby Relay.test (Mailconsole) with SMTP id 1;\r\n\tdate\r\n"
    others = b"Received: from relay.test by other.test\r\nX-Note: by relay.test (Mailconsole) with\r\n"
    content = ours + others + ours + b"\r\n" + ours
    facts = headers.with_local_hops(read(content), content, "relay.TEST")
    assert (facts.hop_count, facts.local_hop_count) == (3, 2)


def test_local_hops__the_field_that_we_write__is_ours():
    field = headers.received(
        helo="a", peer="10.0.0.1", by="relay.test", protocol="ESMTP", queue_id="1", recipient="", now=0.0
    )
    assert headers.with_local_hops(read(field + b"\r\n"), field + b"\r\n", "relay.test").local_hop_count == 1
