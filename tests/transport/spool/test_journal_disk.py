"""A disk that cannot write, sync or give room: nothing is promised that is not kept."""

import asyncio
import os
import threading
from errno import EIO, ENOSPC, EROFS

import pytest

from tests.transport.spool.journal_kit import committed, died, events, set_status, told
from tests.transport.spool.test_sqlite_spool import make_message, opened
from transport.model.event import EventId
from transport.model.outcome import RecipientStatus
from transport.ports.spool import SpoolUnavailable
from transport.spool import journal
from transport.spool.bodies import LARGE_BODY_BYTES
from transport.spool.frames import PAGE

pytestmark = pytest.mark.usefixtures("who_syncs")


@pytest.mark.parametrize(("number", "words"), [(ENOSPC, "full"), (EROFS, "can only be read")])
async def test_commit__journal_cannot_be_written__fails_and_outcomes_wait(tmp_path, monkeypatch, number, words):
    monkeypatch.setattr("transport.spool.writer.FAILURE_PAUSE_S", 0.05)
    spool, _ = await opened(tmp_path / "node")
    first, second = await committed(spool, 2)
    write = os.pwritev

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.pwritev", refuse)
    set_status(spool, first, RecipientStatus.DELIVERED)
    with pytest.raises(SpoolUnavailable, match=words):
        await spool.commit(make_message(spool), [])
    monkeypatch.setattr("os.pwritev", write)
    (third,) = await committed(spool, 1)
    again, found = await opened(died(tmp_path / "node"))
    assert [message.id for message in found] == [second.id, third.id]
    assert [event.event for _, event in events(again)].count(EventId.SEND) == 1
    await again.stop()
    await spool.stop()


async def test_commit__cannot_be_synced__is_not_found_after_a_crash(tmp_path, monkeypatch):
    spool, _ = await opened(tmp_path / "node")
    (first,) = await committed(spool, 1)
    broken, kernel = OSError(EIO, "Input/output error"), spool._writer._kernel

    def refuse(descriptor):
        raise broken

    monkeypatch.setattr("os.fdatasync", refuse)
    if kernel is not None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(kernel, "begin", lambda descriptor, then: loop.call_soon(then, broken))
    with pytest.raises(SpoolUnavailable, match="Input/output"):
        await committed(spool, 1)
    again, found = await opened(died(tmp_path / "node"))
    assert [message.id for message in found] == [first.id] and told(again) == []
    await again.stop()
    monkeypatch.undo()
    await spool.stop()


async def test_commit__new_file__is_filled_ahead_and_never_twice(tmp_path):
    spool, _ = await opened(tmp_path)
    await committed(spool, 1)
    path, ahead = spool._store.journal.current.path, journal.AHEAD_BYTES
    size = path.stat().st_size
    assert ahead < size < ahead + 4 * PAGE
    await committed(spool, 5)
    assert path.stat().st_size == size
    await committed(spool, ahead // LARGE_BODY_BYTES + 1, body=b"x" * LARGE_BODY_BYTES)
    assert path.stat().st_size > 2 * ahead
    await spool.stop()


async def test_commit__no_room_to_fill_ahead__stores(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(ENOSPC, "full")

    monkeypatch.setattr("os.pwrite", refuse)
    spool, _ = await opened(tmp_path / "node")
    stored = await committed(spool, 3)
    again, found = await opened(died(tmp_path / "node"))
    assert [message.id for message in found] == [message.id for message in stored]
    await again.stop()
    await spool.stop()


@pytest.mark.usefixtures("small_segments")
async def test_turns__no_room_in_the_database__refuses_and_goes_on_without_loss(tmp_path, monkeypatch):
    monkeypatch.setattr("transport.spool.writer.FAILURE_PAUSE_S", 0.01)
    spool, _ = await opened(tmp_path)
    pages = spool._connection.execute("PRAGMA page_count").fetchone()[0]
    spool._connection.execute(f"PRAGMA max_page_count = {pages + 6}")
    stored = []
    with pytest.raises(SpoolUnavailable, match="full"):
        for _ in range(40):
            stored += await committed(spool, 1)
    spool._connection.execute("PRAGMA max_page_count = 100000")
    await asyncio.sleep(0.1)
    stored += await committed(spool, 9)
    await spool.stop()
    spool, found = await opened(tmp_path)
    assert [message.id for message in found] == [message.id for message in stored]
    await spool.stop()


async def test_rewrite__while_a_commit_fails__is_not_overtaken_by_what_that_held(tmp_path, monkeypatch):
    monkeypatch.setattr("transport.spool.writer.FAILURE_PAUSE_S", 0.05)
    spool, _ = await opened(tmp_path)
    (message,) = await committed(spool, 1)
    write, began, is_rewritten = spool._store.write, threading.Event(), threading.Event()

    def fail_once(batch):
        if began.is_set():
            return write(batch)
        began.set()
        is_rewritten.wait(5)
        raise OSError(ENOSPC, "full")

    monkeypatch.setattr(spool._store, "write", fail_once)
    set_status(spool, message, RecipientStatus.RETRY, EventId.DEFER)
    await asyncio.to_thread(began.wait, 5)
    message.recipients[0].status = RecipientStatus.SUSPENDED
    spool.rewrite(message, [])
    is_rewritten.set()
    await spool.written()
    await spool.stop()
    again, (found,) = await opened(tmp_path)
    assert found.recipients[0].status is RecipientStatus.SUSPENDED
    await again.stop()


async def test_open__folder_cannot_be_synced__is_synced_before_anything_is_accepted(tmp_path, monkeypatch):
    segment = journal.Segment(tmp_path / "journal-0")
    synced: list[int] = []

    def fail(descriptor):
        raise OSError(EIO, "Input/output error")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError):
        segment.open()
    monkeypatch.setattr("os.fsync", synced.append)
    segment.open()
    assert len(synced) == 1
    segment.remove()
