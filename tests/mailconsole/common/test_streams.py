"""Answers that are passed on piece by piece, under ASGI too."""

from __future__ import annotations

from django.test import AsyncRequestFactory, RequestFactory

from mailconsole.common.streams import streamed


async def test_streamed__asgi__asks_for_a_piece_at_a_time():
    made: list[int] = []

    def pieces():
        for number in range(3):
            made.append(number)
            yield b"%d" % number

    answer = streamed(AsyncRequestFactory().get("/"), pieces(), content_type="application/zip", file_name="a.zip")
    assert answer.is_async and made == []
    seen = [(piece, len(made)) async for piece in answer]
    assert seen == [(b"0", 1), (b"1", 2), (b"2", 3)]


def test_streamed__elsewhere__is_a_plain_iterator():
    answer = streamed(RequestFactory().get("/"), iter([b"a", b"b"]), content_type="message/rfc822")
    assert b"".join(answer) == b"ab" and answer["X-Content-Type-Options"] == "nosniff"
