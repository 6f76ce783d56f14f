"""The chunk reader: counted octets, bounded memory, the same message however it is cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.listener.budget import Budget
from transport.listener.chunks import ChunkedBody, ChunkReader
from transport.listener.data import Overflow

LIMIT = 1000


def feed(body: ChunkedBody | None, octets: bytes, packets: list[bytes], *, is_last: bool = False) -> bytes:
    """Read a chunk of ``octets`` given as packets; returns what was left behind it."""
    if body is not None:
        body.expect(len(octets))
    reader = ChunkReader(len(octets), is_last=is_last, body=body, refusal=None, began_at=0.0)
    for index, packet in enumerate(packets):
        end = reader.feed(packet, 0)
        if end >= 0:
            return packet[end:] + b"".join(packets[index + 1 :])
    raise AssertionError("the chunk did not end")


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if b > a]


PLACES = st.lists(st.integers(0, 300), max_size=6)


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6),
    rest=st.binary(max_size=9),
    data=st.data(),
)
def test_feed__any_chunks_in_any_packets__give_content_and_rest(chunks, rest, data):
    budget = Budget(10 * LIMIT)
    body = ChunkedBody(LIMIT, budget, began_at=0.0)
    for chunk in chunks:
        assert feed(body, chunk, cut(chunk + rest, data.draw(PLACES))) == rest
    whole = b"".join(chunks)
    assert budget.used_bytes == body.received_bytes == len(whole)
    body.close(is_binary=True)
    assert body.content == whole
    body.release()
    body.release()
    assert budget.used_bytes == 0


@given(chunks=st.lists(st.binary(min_size=1, max_size=400), max_size=8))
def test_expect__more_than_the_limit__keeps_nothing_and_counts_all(chunks):
    budget = Budget(10 * LIMIT)
    body = ChunkedBody(LIMIT, budget, began_at=0.0)
    for chunk in chunks:
        feed(body, chunk, [chunk])
    size = sum(map(len, chunks))
    is_too_large = size > LIMIT
    assert body.received_bytes == size
    assert (body.overflow is Overflow.TOO_LARGE) is is_too_large
    assert budget.used_bytes == (0 if is_too_large else size)
    assert len(body._buffer) == budget.used_bytes


def test_take__budget_spent__is_crowded_until_taken_out():
    budget = Budget(100)
    first, second = (ChunkedBody(LIMIT, budget, began_at=0.0) for _ in range(2))
    feed(first, b"x" * 60, [b"x" * 60])
    feed(second, b"y" * 60, [b"y" * 30, b"y" * 30])
    assert (first.is_crowded, second.is_crowded) == (False, True)
    assert (bytes(second.take_out()), budget.used_bytes) == (b"y" * 60, 60)


def test_break_off__later_chunks__are_counted_and_not_kept():
    budget = Budget(100)
    body = ChunkedBody(LIMIT, budget, began_at=0.0)
    feed(body, b"x" * 60, [b"x" * 60])
    body.break_off()
    feed(body, b"x" * 60, [b"x" * 60])
    assert (body.received_bytes, budget.used_bytes, len(body._buffer)) == (120, 0, 0)


@pytest.mark.parametrize(("octets", "is_binary", "content"), [
    (b"x", False, b"x\r\n"), (b"x\r\n", False, b"x\r\n"), (b"x\r", False, b"x\r\r\n"), (b"", False, b""),
    (b"x", True, b"x"),
])  # fmt: skip
def test_close__text__ends_with_a_line_end(octets, is_binary, content):
    """As it must when DATA carries it on; a bare CR there is a bare CR still."""
    body = ChunkedBody(LIMIT, Budget(LIMIT), began_at=0.0)
    body.take(memoryview(octets))
    body.close(is_binary=is_binary)
    assert body.content == content
