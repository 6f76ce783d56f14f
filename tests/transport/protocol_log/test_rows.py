"""Lines of a protocol log: nothing secret, and nothing of the wire that breaks out of its field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.protocol_log.rows import FIELDS, Row, command, decode, encode


def row(data="", context=""):
    return Row("2026-01-01T00:00:00.000Z", "Default", "S1", "0", "127.0.0.1:25", "10.0.0.1:999", "<", data, context)


def test_fields__are_those_of_exchange():
    assert ",".join(FIELDS) == (
        "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context"
    )


@given(data=st.text(max_size=60), context=st.text(max_size=60))
def test_encode__any_text__is_one_line_that_reads_back_as_nine_fields(data, context):
    line = encode(row(data, context))
    assert line.endswith("\r\n") and len(line.splitlines()) == 1
    found = decode(line)
    assert found is not None and found.session_id == "S1"
    assert not found.data[:1] or found.data == "-" or found.data[0] not in "=-@" or len(found.data) == 1


@pytest.mark.parametrize(("data", "kept"), [
    ('a,"b"', 'a,"b"'), ("=cmd|x", "'=cmd|x"), ("a\r\n#b", "a\\u{d}\\u{a}#b"), ("\u202egpj.exe", "\\u{202e}gpj.exe"),
    ("grüße", "grüße"), ("x" * 2000, "x" * 1000 + "…"),
])  # fmt: skip
def test_encode__hostile_text__is_kept_visible_and_harmless(data, kept):
    found = decode(encode(row(data)))
    assert found is not None and found.data == kept


@pytest.mark.parametrize(("line", "kept"), [
    (b"AUTH PLAIN AGFubmEAc2VjcmV0", "AUTH PLAIN (credentials)"), (b"auth login YW5uYQ==", "auth login (credentials)"),
    (b"AUTH LOGIN", "AUTH LOGIN"), (b"AUTH AGFubmEAc2VjcmV0", "AUTH (credentials)"),
    (b"AUTH  PLAIN\tAGFubmEAc2VjcmV0", "AUTH PLAIN (credentials)"),
    (b"c2VjcmV0", "(no command, 8 octets)"), (b"My password is secret", "(no command, 21 octets)"),
    (b"MAIL FROM:<a@b>", "MAIL FROM:<a@b>"),
    (b"DATAsecret", "(no command, 10 octets)"), (b"", "(no command, 0 octets)"),
])  # fmt: skip
def test_command__keeps_no_secret(line, kept):
    assert command(line) == kept
