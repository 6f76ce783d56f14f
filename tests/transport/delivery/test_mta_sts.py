"""MTA-STS records and policies as RFC 8461 3 reads them, whatever a stranger publishes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.delivery.mta_sts import InvalidPolicy, StsMode, StsPolicy, parse_policy, record_id

GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: mx.acme.example\r\nmx: *.Mail.example\r\nmax_age: 86400\r\n"


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["v=STSv1; id=20260101T000000"], "20260101T000000"),
        (["v=STSv1; id=20260101T000000;"], "20260101T000000"),
        (["v=STSv1;id=1; extra=x"], "1"),
        (["v=spf1 -all", "v=STSv1; id=1;"], "1"),
        (["v=STSv1; id=1", "v=STSv1; id=2"], ""),
        (["v=STSv1"], ""),
        (["v=STSv1; id=a-b"], ""),
        (["v=STSv1; id=" + "a" * 33], ""),
        (["v=STSv2; id=1"], ""),
        ([], ""),
    ],
)
def test_record__exactly_one_with_an_id__is_one(texts, found):
    assert record_id(texts) == found


def test_policy__is_read():
    assert parse_policy(GOOD) == StsPolicy(StsMode.ENFORCE, ("mx.acme.example", "*.mail.example"), 86400)
    assert parse_policy(GOOD.replace(b"\r\n", b"\n")) == parse_policy(GOOD)
    assert parse_policy(b"version: STSv1\nmode: none\nmax_age: 99999999999"[:-1]).max_age_s == 31_557_600


@pytest.mark.parametrize(("old", "new"), [
    (b"STSv1", b"STSv2"), (b"enforce", b"enforced"), (b"mode", b"Mode"), (b"86400", b"-1"), (b"86400", b""),
    (b"max_age: 86400", b""), (b"mx.acme", b"mx acme"), (b"*.Mail", b"a.*.Mail"), (b"mx: ", b"xm: "),
    (b"mx: mx.acme.example\r\n", b"mx: a.example\r\n" * 101),
])  # fmt: skip
def test_policy__that_is_wrong__is_none(old, new):
    with pytest.raises(InvalidPolicy):
        parse_policy(GOOD.replace(old, new))


@given(st.binary(max_size=300))
def test_policy__any_octets__are_read_or_refused(octets):
    try:
        assert parse_policy(octets).mode in StsMode
    except InvalidPolicy as error:
        assert str(error)


@pytest.mark.parametrize(("host", "is_covered"), [
    ("mx.acme.example", True), ("MX.ACME.EXAMPLE.", True), ("a.mail.example", True), ("mail.example", False),
    ("a.b.mail.example", False), ("evilmail.example", False), ("mx.acme.example.evil.example", False),
])  # fmt: skip
def test_covers__a_name_or_one_label_more(host, is_covered):
    assert parse_policy(GOOD).covers(host) is is_covered
