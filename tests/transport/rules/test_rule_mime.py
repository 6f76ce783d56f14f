"""Attachments: what a message holds is found, however it is said; what is too much to read is told and not guessed."""

import base64
import io
import time
import zipfile
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.rules import rule_mime
from transport.rules.rule_mime import attachments


def message(*parts: bytes, boundary: str = "B") -> bytes:
    inner = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n%b--%b--\r\n" % (
        boundary.encode(),
        inner,
        boundary.encode(),
    )


def attached(header: str, body: bytes = b"x") -> bytes:
    return message(header.replace("\n", "\r\n").encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('Content-Disposition: attachment; filename="a b.exe"', "a b.exe"),
        ("Content-Disposition: attachment; filename=a.exe", "a.exe"),
        ("Content-Type: application/x; name=a.exe", "a.exe"),
        ('Content-Type: application/x; name="=?utf-8?B?w6QuZXhl?="', "ä.exe"),
        ('Content-Disposition: attachment; filename="ä.exe"', "ä.exe"),
        ("Content-Disposition: attachment; filename*=utf-8''%C3%A4.exe", "ä.exe"),
        ("Content-Disposition: attachment; filename*=iso-8859-1'de'%E4.exe", "ä.exe"),
        ("Content-Disposition: attachment;\n filename*0=a%;\n filename*1=.exe", "a%.exe"),
        ("Content-Disposition: attachment; filename*0*=utf-8''%C3; filename*1*=%A4.; filename*2=exe", "ä.exe"),
        ("Content-Disposition: attachment; filename*=no-such-charset''x.exe", "x.exe"),
        (r'Content-Disposition: attachment; filename="..\\..\\a.exe"', "a.exe"),
        ('Content-Disposition: attachment; filename="a.exe', "a.exe"),
        ('Content-Disposition: attachment; x=";filename=no.txt"; filename=a.exe', "a.exe"),
    ],
)
def test_names__however_they_are_written__are_found(header: str, name: str):
    (one,) = attachments(attached(header)).found
    assert one.names == (name,)
    assert one.is_executable


def test_names__in_more_pieces_than_are_put_together__are_told():
    pieces = "".join(f";\n filename*{number}=a" for number in range(60)) + ";\n filename*60=.exe"
    assert "more than 50 pieces" in attachments(attached("Content-Disposition: attachment" + pieces)).why_not_all


def test_names__longer_than_is_decoded__are_told():
    long = f'Content-Disposition: attachment; filename="{"a" * 9_000}.exe"'
    assert "larger than 8,192" in attachments(attached(long)).why_not_all


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: (x) multipart/mixed; boundary=B",
        b"Content-Type: multipart (x) / mixed (y); boundary=B",
    ],
)
def test_type__with_comments__is_read_without_them(header: bytes):
    content = attached("Content-Disposition: attachment; filename=a.exe").partition(b"\r\n")[2]
    assert attachments(header + b"\r\n" + content).found[0].is_executable


def test_encoding__with_a_comment__is_read_without_it():
    header = "Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: (x) base64 (y)"
    assert attachments(attached(header, base64.b64encode(b"MZ" + b"x" * 100))).found[0].is_executable


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=C", "what a part is"),
        ("Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64", "how a part is encoded"),
        ("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64", "What holds other parts"),
        ("Content-Type: ((x) y) multipart/mixed; boundary=C", "what a part is"),
        ("Content-Type: multipart/mixed; boundary=C\nContent-Transfer-Encoding: base64", "What holds other parts"),
        ("Content-Type: multipart/mixed\nContent-Transfer-Encoding: base64", "What holds other parts"),
    ],
)
def test_part__that_programs_read_differently__is_told(header: str, said: str):
    assert said in attachments(attached(header)).why_not_all


@pytest.mark.parametrize(
    "header",
    [
        b'Content-Disposition: attachment; filename="' + b"\\a" * 3_900 + b'"',
        b"Content-Disposition: attachment" + b";a=b" * 1_900,
        b"Content-Type: " + b"(" * 8_000,
        b"A: b\r\n" * 10_000,
    ],
    ids=["name", "parameters", "comments", "fields"],
)
def test_headers__of_many_parts_that_are_long_to_read__are_soon_too_much(header: bytes):
    content = message(*[header + b"\r\n\r\nx"] * 240)
    began = time.process_time()
    assert attachments(content).why_not_all
    assert time.process_time() - began < 0.8


def test_names__two_that_contradict__both_count():
    (one,) = attachments(
        attached("Content-Type: text/plain; name=a.exe\nContent-Disposition: attachment; filename=a.txt")
    ).found
    assert set(one.names) == {"a.exe", "a.txt"}
    assert one.is_executable


@given(
    st.binary(max_size=300), st.sampled_from(["a.bin", "ä ö.pdf", "x" * 90 + ".doc"]), st.text("ab \n-", max_size=50)
)
def test_attachments__made_by_python__have_name_and_size(data: bytes, name: str, text: str):
    made = EmailMessage()
    made.set_content(text)
    made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    (one,) = attachments(made.as_bytes(policy=made.policy.clone(linesep="\r\n"))).found
    assert name in one.names
    assert abs(one.size_bytes - len(data)) <= 3


@pytest.mark.parametrize("magic", [b"MZ\x90\x00", b"\x7fELF\x02", b"#!/bin/sh\n"])
def test_executable__by_its_first_octets__is_found_whatever_its_name(magic: bytes):
    body = base64.encodebytes(magic + b"x" * 200).replace(b"\n", b"\r\n")
    header = "Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: BASE64"
    assert attachments(attached(header, body)).found[0].is_executable
    assert not attachments(attached(header, base64.b64encode(b"\x89PNG" + magic))).found[0].is_executable


@pytest.mark.parametrize("size", [10, 300_000])
@pytest.mark.parametrize("is_locked", [True, False])
def test_zip__with_a_password__is_told_from_one_without(size: int, is_locked: bool):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("first.txt", "x" * size)
        made.writestr("second.txt", "y")
    octets = bytearray(out.getvalue())
    if is_locked:  # the second file's flag, in the directory at the end
        octets[octets.rindex(b"PK\x01\x02") + 8] |= 1
    body = base64.encodebytes(bytes(octets)).replace(b"\n", b"\r\n")
    header = "Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64"
    assert attachments(attached(header, body)).found[0].has_password is is_locked


def test_zip__whose_end_is_hidden__is_not_taken_for_one_without_a_password():
    body = b"PK\x03\x04" + b"\0" * 200 + b"x" * 40_000
    assert attachments(attached("Content-Type: application/zip; name=a.zip", body)).found[0].has_password is None


def test_zips__more_than_are_looked_into__are_told():
    one = b"Content-Type: application/zip; name=a.zip\r\n\r\nPK\x03\x04"
    assert "more than 50 ZIP" in attachments(message(*[one] * 60)).why_not_all


def test_base64__begin_hidden_behind_other_octets__is_told():
    header = "Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64"
    hidden = attachments(attached(header, b"!" * 5_000 + base64.b64encode(b"MZ" + b"x" * 100)))
    assert "no base64" in hidden.why_not_all


def test_parts__within_parts_and_messages_within__are_all_looked_at():
    deep = (
        attached("Content-Disposition: attachment; filename=deep.exe")
        .replace(b"=B\r\n", b"=C\r\n")
        .replace(b"--B", b"--C")
    )
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + deep
    found = attachments(message(b"Content-Type: text/plain\r\n\r\nhello", forwarded)).found
    assert [name for one in found for name in one.names] == ["deep.exe"]


def _nested(depth: int) -> bytes:
    content = b"Content-Disposition: attachment; filename=a.exe\r\n\r\nx"
    for level in range(depth):
        content = message(content, boundary=f"b{level}")
    return content


def test_message_within__that_names_a_longer_boundary__is_as_large_as_it_is():
    within = b"Subject: x\r\n\r\n--BB\r\n" + b"x" * 5_000
    outer = message(b"Content-Type: message/rfc822; name=a.eml\r\n\r\n" + within, b"Content-Type: text/plain\r\n\r\ny")
    assert [one.size_bytes for one in attachments(outer).found] == [len(within)]


def test_parts__ended_by_an_outer_boundary__do_not_hide_what_follows():
    inner = b"Content-Type: multipart/mixed; boundary=C\r\n\r\n--C\r\nContent-Type: text/plain\r\n\r\nnever closed"
    found = attachments(message(inner, b"Content-Disposition: attachment; filename=a.exe\r\n\r\nx")).found
    assert [one.names for one in found] == [("a.exe",)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_nested(50), "deep in each other"),
        (b"Content-Type: message/rfc822\r\n\r\n" * 50 + b"x\r\n", "deep in each other"),
        (message(*[b"\r\nx"] * 600), "more than 500 parts"),
        (message(b"\r\n" + b"--x\r\n" * 30_000), "lines of it"),
        (message(b"X: " + b"y" * 70_000 + b"\r\n\r\nx" + b"z" * 70_000), "header of a part"),
        (b"Content-Type: multipart/mixed; boundary=" + b"b" * 300 + b"\r\n\r\nx", "200 octets"),
        (b"Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\nx", "several ways"),
        (b"Content-Type: multipart/mixed; boundary*=us-ascii''a\r\n\r\nx", "several ways"),
        (b"Content-Type: text/plain; x=" + b"y" * 20_000 + b"\r\n\r\nx", "tells of a part"),
    ],
)
def test_parts__more_than_can_be_read__are_told(content: bytes, said: str):
    assert said in attachments(content).why_not_all


def test_part__of_more_names_than_are_compared__is_told():
    names = "".join(f"; name=a{number}.txt" for number in range(rule_mime.MAX_NAMES + 1))
    looked = attachments(attached(f"Content-Type: application/x{names}"))
    assert len(looked.found[0].names) == rule_mime.MAX_NAMES
    assert "more than 20 names" in looked.why_not_all
    assert not attachments(attached(f"Content-Type: application/x{names.rpartition(';')[0]}")).why_not_all


def test_parts__executable_found_before_the_limit__still_counts():
    content = message(b"Content-Disposition: attachment; filename=a.exe\r\n\r\nx", *[b"\r\nx"] * 600)
    looked = attachments(content)
    assert looked.why_not_all
    assert looked.found[0].is_executable


@given(st.lists(st.sampled_from(
    [b"--B", b"--B--", b"\r\n", b"Content-Type: multipart/mixed; boundary=B", b"Content-Type: message/rfc822", b";",
     b"filename*0*=''%", b'"', b"=?", b"\xff", b"PK\x03\x04", b"Content-Disposition: attachment", b"MZ", b" ", b"--"]
), max_size=40))  # fmt: skip
def test_parts__any_octets__end_in_an_answer(pieces: list[bytes]):
    looked = attachments(b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + b"".join(pieces))
    assert len(looked.found) <= rule_mime.MAX_PARTS
