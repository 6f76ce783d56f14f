"""The data reader: only CRLF.CRLF ends a message, wherever the packets end, and memory is bounded."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.listener.budget import Budget
from transport.listener.data import DataReader, Overflow, has_bare_line_end, normalise_line_ends
from transport.listener.spill import Spilled

MIB = 1024 * 1024


def stuffed(content: bytes) -> bytes:
    return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def read(chunks, *, limit=MIB, budget=None):
    """Feed chunks; returns the reader, and what followed the end or None when there was none."""
    reader = DataReader(limit, budget or Budget(10 * MIB), began_at=0.0)
    for index, chunk in enumerate(chunks):
        end = reader.feed(chunk, 0)
        if end >= 0:
            return reader, chunk[end:] + b"".join(chunks[index + 1 :])
    return reader, None


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if b > a]


LINES = st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\r", b".").replace(b"\n", b".")), max_size=8)


@given(lines=LINES, rest=st.binary(max_size=12), places=st.lists(st.integers(0, 300), max_size=6))
def test_feed__any_cuts__give_content_and_rest_byte_for_byte(lines, rest, places):
    content = b"".join(line + b"\r\n" for line in lines)
    reader, behind = read(cut(stuffed(content) + rest, places))
    assert (bytes(reader.content), behind) == (content, rest)
    assert not (reader.is_dotless and b"\r\n." in b"\r\n" + content)


@pytest.mark.parametrize(
    ("content", "is_dotless"), [(b"a.\r\nb\r\n", True), (b"a\r\n.\r\n", False), (b".a\r\n", False)]
)
def test_feed__whole_message__says_whether_a_line_begins_with_a_dot(content, is_dotless):
    reader, _ = read([stuffed(content)])
    assert (bytes(reader.content), reader.is_dotless) == (content, is_dotless)


@given(data=st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n"]), max_size=14).map(b"".join), data2=st.data())
def test_feed__any_octets_at_any_cuts__give_the_same_result(data, data2):
    places = data2.draw(st.lists(st.integers(0, 30), max_size=8))
    whole, behind = read([data] if data else [])
    pieces, behind_pieces = read(cut(data, places))
    assert behind == behind_pieces
    if behind is not None:
        assert bytes(whole.content) == bytes(pieces.content)
        assert whole.received_bytes == pieces.received_bytes


@pytest.mark.parametrize(
    "false_end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n.\r\r\n", b"\n\n.\r\n"]
)
def test_feed__smuggled_end__is_no_end(false_end):
    reader, behind = read([b"x" + false_end + b"MAIL FROM:<evil@x.example>\r\n.\r\n"])
    assert behind == b""
    assert b"MAIL FROM" in reader.content
    assert has_bare_line_end(reader.content)


@pytest.mark.parametrize("piece", [1, 1000, MIB])
def test_feed__no_end_beyond_the_limit__keeps_nothing(piece):
    budget = Budget(10 * MIB)
    reader = DataReader(MIB, budget, began_at=0.0)
    for _ in range(3 * MIB // piece if piece > 1 else 10):
        assert reader.feed(b"x" * piece, 0) < 0
    if piece > 1:
        assert reader.overflow is Overflow.TOO_LARGE
        assert budget.used_bytes == 0
        assert len(reader._buffer) < 10
    assert reader.feed(b"\r\n.\r\nQUIT", 0) == 5


def test_feed__far_beyond_the_limit__is_abuse(monkeypatch):
    monkeypatch.setattr("transport.listener.data.HARD_CAP_BYTES", MIB)
    reader = DataReader(MIB, Budget(10 * MIB), began_at=0.0)
    for _ in range(3):
        reader.feed(b"x" * MIB, 0)
    assert reader.is_abused


def test_feed__budget_spent__is_crowded_until_taken_out():
    budget = Budget(100)
    first, second = (DataReader(MIB, budget, began_at=0.0) for _ in range(2))
    first.feed(b"x" * 60, 0)
    second.feed(b"y" * 60, 0)
    assert (first.is_crowded, second.is_crowded, budget.used_bytes) == (False, True, 120)
    second.take_out()
    assert (second.is_crowded, budget.used_bytes) == (False, 60)
    first.release()
    first.release()
    assert budget.used_bytes == 0


@given(lines=LINES, places=st.lists(st.integers(0, 300), max_size=6), spilled_at=st.sets(st.integers(0, 6)))
def test_take_out__any_cuts_and_any_time__gives_the_same_message(lines, places, spilled_at):
    content = b"".join(line + b"\r\n" for line in lines)
    reader, file, end = DataReader(MIB, Budget(0), began_at=0.0), bytearray(), -1
    for index, chunk in enumerate(cut(stuffed(content), places)):
        end = reader.feed(chunk, 0)
        if end < 0 and index in spilled_at:
            reader.spilled = Spilled(None, None)
            file += reader.take_out()
    assert end >= 0
    if reader.spilled is not None:
        reader.put_back(bytes(file + reader.take_out(is_whole=True)))
    assert reader.content == content


def test_feed__whole_message__counts_until_released():
    budget = Budget(100)
    reader, _ = read([b"hello\r\n.\r\n"], budget=budget)
    assert budget.used_bytes == 10
    reader.release()
    assert budget.used_bytes == 0


@given(st.binary(max_size=200))
def test_normalise__any_octets__leaves_only_crlf(data):
    assert not has_bare_line_end(normalise_line_ends(data))


@given(st.lists(st.sampled_from([b"\r", b"\n", b"a"]), max_size=10).map(b"".join))
def test_bare__agrees_with_the_definition(data):
    alone = data.count(b"\n") != data.count(b"\r\n") or data.count(b"\r") != data.count(b"\r\n")
    assert has_bare_line_end(data) is alone
