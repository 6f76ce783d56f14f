"""Which priority a header asks for, and what a large message gets."""

import pytest

from transport.model.priority import Priority
from transport.rules.priority import priority


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"Subject: x\r\n", Priority.NORMAL),
        (b"Importance: High\r\n", Priority.HIGH),
        (b"importance: low\r\n", Priority.LOW),
        (b"X-Priority: 1 (Highest)\r\n", Priority.HIGH),
        (b"X-Priority: 5\r\n", Priority.LOW),
        (b"Priority: urgent\r\n", Priority.HIGH),
        (b"Priority: non-urgent\r\n", Priority.LOW),
        (b"Importance: normal\r\nX-Priority: 2\r\n", Priority.HIGH),
        (b"Importance: high\r\nX-Priority: 5\r\n", Priority.HIGH),
        (b"Importance: \xff\xfe\r\nX-Priority: 99999999\r\n", Priority.NORMAL),
        (b"Subject: Importance: high\r\n", Priority.NORMAL),
        (b"X-Importance: high\r\n", Priority.NORMAL),
    ],
)
def test_priority__of_a_header(header, found):
    assert priority(header, size_bytes=100, max_high_bytes=1000) is found


def test_priority__high_and_large__is_normal():
    assert priority(b"Importance: high\r\n", size_bytes=1001, max_high_bytes=1000) is Priority.NORMAL
    assert priority(b"Importance: low\r\n", size_bytes=1001, max_high_bytes=1000) is Priority.LOW


@pytest.mark.parametrize("one", Priority)
def test_priority__has_a_sentence(one):
    assert one.sentence.endswith(".")
