"""Commits that only the journal takes are synced by the kernel; what it cannot or should not do is the thread's."""

import asyncio
import os
import platform
import time
from collections.abc import Callable
from errno import EINVAL, EIO, ENOSPC
from functools import partial

import pytest

from tests.transport.spool.test_sqlite_spool import make_message, opened, receive
from transport.ports.spool import SpoolUnavailable
from transport.spool import journal, kernel_sync, writer
from transport.spool.frames import Kind
from transport.spool.kernel_sync import open_kernel_sync
from transport.spool.store import Store


@pytest.fixture
async def sync():
    made = open_kernel_sync(asyncio.get_running_loop())
    assert made is not None
    yield made
    made.close()


@pytest.fixture
def written_by_thread(monkeypatch):
    """How many messages each group had that the thread wrote."""
    groups = []
    write = Store.write

    def noted(store, batch):
        groups.append(len(batch.messages))
        write(store, batch)

    monkeypatch.setattr("transport.spool.store.Store.write", noted)
    return groups


async def ended(sync, descriptor):
    done = asyncio.get_running_loop().create_future()
    sync.begin(descriptor, done.set_result)
    return await asyncio.wait_for(done, 5)


async def commit(spool, **fields):
    message = make_message(spool, **fields)
    await spool.commit(message, [receive(message)])
    return message


async def test_begin__file__is_synced_again_and_again(sync, tmp_path):
    descriptor = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    for _ in range(3):
        os.write(descriptor, b"x" * 5000)
        assert await ended(sync, descriptor) is None
    os.close(descriptor)


async def test_begin__what_has_nothing_to_sync__is_refused_at_once(sync):
    reading, writing = os.pipe()
    with pytest.raises(OSError) as refused:
        sync.begin(writing, pytest.fail)
    assert refused.value.errno == EINVAL
    os.close(reading)
    os.close(writing)


async def test_begin__answer_cannot_be_read__is_a_failure_and_no_answer_to_the_next(sync, tmp_path, monkeypatch):
    descriptor = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    answers: list[OSError | None] = []
    ask = sync._ask

    def fail_to_read(call, *arguments):
        if call == sync._calls.getevents:
            raise OSError(EIO, "Input/output error")
        return ask(call, *arguments)

    monkeypatch.setattr(sync, "_ask", fail_to_read)
    assert (await ended(sync, descriptor)).errno == EIO
    monkeypatch.setattr(sync, "_ask", lambda call, *arguments: call == sync._calls.submit or ask(call, *arguments))
    sync.begin(descriptor, answers.append)  # never done
    os.eventfd_write(sync._bell, 1)
    await asyncio.sleep(0.05)
    assert answers == []
    monkeypatch.setattr(sync, "_ask", ask)
    assert await ended(sync, descriptor) is None
    os.close(descriptor)


async def test_open__answers_may_not_be_read__there_is_only_the_thread(monkeypatch):
    forbidden = kernel_sync._CALLS[platform.machine()]._replace(getevents=9999)
    monkeypatch.setattr("transport.spool.kernel_sync._CALLS", {platform.machine(): forbidden})
    assert open_kernel_sync(asyncio.get_running_loop()) is None


async def test_open__machine_whose_calls_are_not_known__there_is_only_the_thread(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert open_kernel_sync(asyncio.get_running_loop()) is None


async def test_open__kernel_has_no_such_call__there_is_only_the_thread(monkeypatch):
    unknown = kernel_sync._Calls(9999, 9999, 9999, 9999)
    monkeypatch.setattr("transport.spool.kernel_sync._CALLS", {platform.machine(): unknown})
    assert open_kernel_sync(asyncio.get_running_loop()) is None


async def test_commit__mail__is_written_on_the_loop(tmp_path, written_by_thread):
    spool, _ = await opened(tmp_path)
    await commit(spool)  # the file is made with it
    for _ in range(3):
        await commit(spool)
    assert written_by_thread == [1]
    await spool.stop()


async def test_commit__large_group__is_the_threads(tmp_path, written_by_thread):
    spool, _ = await opened(tmp_path)
    await commit(spool)
    await commit(spool, body=b"x" * (writer.LARGE_GROUP_BYTES + 1))
    assert written_by_thread == [1, 1]
    await spool.stop()


async def test_commit__more_comes_with_each_turn_of_the_loop__is_one_group(tmp_path, monkeypatch):
    spool, _ = await opened(tmp_path)
    groups: list[int] = []
    append = Store.append

    def noted(store, batch):
        groups.append(len(batch.messages))
        return append(store, batch)

    monkeypatch.setattr(Store, "append", noted)

    async def come(turns):
        waiting = []
        for count in turns:
            waiting += [asyncio.ensure_future(commit(spool)) for _ in range(count)]
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    await come([2])
    await come([1, 1, 1])
    await come([1])
    await come([1])
    assert groups == [2, 3, 1, 1]
    await spool.stop()


@pytest.fixture
def taking_long(monkeypatch):
    """What the next write to the journal does before it writes."""
    before: list[Callable[[], None]] = []
    append = Store.append

    def slowly(store, batch):
        if before:
            before.pop()()
        return append(store, batch)

    monkeypatch.setattr("transport.spool.store.Store.append", slowly)
    monkeypatch.setattr("transport.spool.writer.SLOW_S", 0.05)
    return before


async def test_commit__disk_is_slow_to_take_it__is_the_threads_for_a_while(
    tmp_path, written_by_thread, taking_long, monkeypatch
):
    monkeypatch.setattr("transport.spool.writer.SLOW_PAUSE_S", 0.4)
    spool, _ = await opened(tmp_path)
    await commit(spool)
    taking_long.append(partial(time.sleep, 0.1))
    await commit(spool)
    await commit(spool)
    await asyncio.sleep(0.45)
    await commit(spool)
    assert written_by_thread == [1, 1]
    await spool.stop()


async def test_commit__processor_is_busy__is_not_the_threads(tmp_path, written_by_thread, taking_long):
    def be_busy():
        until = time.thread_time() + 0.1
        while time.thread_time() < until:
            pass

    spool, _ = await opened(tmp_path)
    await commit(spool)
    taking_long.append(be_busy)
    await commit(spool)
    await commit(spool)
    assert written_by_thread == [1]
    await spool.stop()


async def test_commit__sync_fails__is_refused_and_what_follows_is_stored(tmp_path, monkeypatch):
    monkeypatch.setattr("transport.spool.writer.FAILURE_PAUSE_S", 0.05)
    spool, _ = await opened(tmp_path)
    await commit(spool)
    kernel = spool._writer._kernel
    begin = kernel.begin

    def fail(descriptor, then):
        monkeypatch.setattr(kernel, "begin", begin)
        asyncio.get_running_loop().call_soon(then, OSError(EIO, "Input/output error"))

    monkeypatch.setattr(kernel, "begin", fail)
    with pytest.raises(SpoolUnavailable, match="Input/output error"):
        await commit(spool)
    assert spool.count == 1 and spool.problem
    message = await commit(spool)
    assert spool.problem == ""
    await spool.stop()
    again, found = await opened(tmp_path)
    assert [one.id for one in found][-1] == message.id and len(found) == 2
    await again.stop()


async def test_commit__appending_breaks__is_the_threads(tmp_path, written_by_thread, monkeypatch):
    spool, _ = await opened(tmp_path)
    await commit(spool)
    monkeypatch.setattr(Store, "append", lambda store, batch: 1 / 0)
    await asyncio.wait_for(commit(spool), 5)
    assert written_by_thread == [1, 1]
    await spool.stop()


async def test_commit__what_follows_the_sync_breaks__is_refused_and_nobody_waits_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("transport.spool.writer.FAILURE_PAUSE_S", 0.05)
    spool, _ = await opened(tmp_path)
    await commit(spool)
    with monkeypatch.context() as broken:
        broken.setattr(Store, "synced", lambda store, batch, appended: 1 / 0)
        with pytest.raises(SpoolUnavailable):
            await asyncio.wait_for(commit(spool), 5)
    await asyncio.wait_for(commit(spool), 5)
    assert spool.count == 2
    await spool.stop()


async def test_stop__no_room_for_a_new_message__what_was_delivered_is_known(tmp_path, monkeypatch):
    spool, _ = await opened(tmp_path)
    delivered = await commit(spool)
    write = journal.Journal.write

    def full(self, records):
        if any(record.kind is Kind.MESSAGE for record in records):
            raise OSError(ENOSPC, "No space left on device")
        return write(self, records)

    monkeypatch.setattr(journal.Journal, "write", full)
    spool.finish(delivered, receive(delivered))
    refused = asyncio.ensure_future(commit(spool))
    await asyncio.sleep(0)
    await asyncio.wait_for(spool.stop(), 5)
    with pytest.raises(SpoolUnavailable):
        await refused
    again, found = await opened(tmp_path)
    assert found == []
    await again.stop()


async def test_stop__sync_is_under_way__waits_for_it_and_for_what_gathered(tmp_path):
    spool, _ = await opened(tmp_path)
    await commit(spool)
    first, second = make_message(spool), make_message(spool)
    waiting = [spool.commit(first, [receive(first)])]
    await asyncio.sleep(0)
    waiting.append(spool.commit(second, [receive(second)]))
    await spool.stop()
    assert all(done.done() and done.exception() is None for done in waiting)
    again, found = await opened(tmp_path)
    assert len(found) == 3
    await again.stop()
