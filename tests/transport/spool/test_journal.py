"""What is in the journal when a node dies is there afterwards: once, whole, and as far as it can be read."""

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from errno import EIO, ENOSPC, EROFS

import pytest

from tests.transport.spool.test_sqlite_spool import make_message, opened, receive
from transport.model.event import EventId, TrackingEvent
from transport.model.next_hop import POISON
from transport.model.outcome import RecipientStatus
from transport.ports.spool import MessageDamaged, RecipientUpdate, SpoolUnavailable
from transport.spool import journal, schema
from transport.spool.bodies import LARGE_BODY_BYTES
from transport.spool.frames import PAGE, Kind, Record, encode, scan

BODY = b"Subject: x\r\n\r\n" + b"line\r\n" * 700


@pytest.fixture(params=["kernel", "thread"], autouse=True)
def who_syncs(request, monkeypatch):
    """The kernel, told by the loop; or the spool's thread, as where the kernel does not do it that way."""
    if request.param == "thread":
        monkeypatch.setattr("transport.spool.writer.open_kernel_sync", lambda loop: None)


@pytest.fixture
def small_segments(monkeypatch):
    monkeypatch.setattr("transport.spool.journal.SEGMENT_BYTES", 10 * PAGE)


async def committed(spool, count, *, body=BODY, recipients=1):
    messages = [make_message(spool, body=body, recipients=recipients) for _ in range(count)]
    for message in messages:
        await spool.commit(message, [receive(message)])
    return messages


def set_status(spool, message, status, event=EventId.SEND):
    message.recipients[0].status = status
    tell = TrackingEvent(event, 2.0, message_id=message.id)
    spool.update([RecipientUpdate(message.id, message.recipients[0])], [tell])


def died(folder):
    """What a node that dies now leaves behind."""
    return shutil.copytree(folder, folder.with_name(folder.name + "-died"))


def told(spool):
    found = [event for _, event in events(spool)]
    return [event for event in found if event.event in (EventId.POISON, EventId.SPOOL_DAMAGE)]


def events(spool, after=0):
    return [(sequence, TrackingEvent.from_json(data)) for sequence, data in spool.outbox.read(after=after, limit=9999)]


async def test_die__messages_bodies_and_events_are_there_once(tmp_path):
    spool, _ = await opened(tmp_path / "node")
    kept, gone, large = await committed(spool, 2) + await committed(spool, 1, body=b"x" * (LARGE_BODY_BYTES + 1))
    set_status(spool, gone, RecipientStatus.DELIVERED)
    await spool.written()
    before = events(spool)
    assert spool._connection.execute("SELECT count(*) FROM message").fetchone() == (0,)
    for folder in (died(tmp_path / "node"),):
        again, found = await opened(folder)
        assert [message.id for message in found] == [kept.id, large.id]
        assert await again.read_body(kept.id) == BODY and len(await again.read_body(large.id)) > LARGE_BODY_BYTES
        assert events(again) == before and [sequence for sequence, _ in before] == [1, 2, 3, 4]
        await again.stop()
        assert sorted(path.name for path in folder.glob("journal-*")) == []
    await spool.stop()


async def test_die__deferred_message__has_its_state_and_is_removed_for_good(tmp_path):
    spool, _ = await opened(tmp_path / "node")
    first, second = await committed(spool, 2, recipients=2)
    for message in (first, second):
        set_status(spool, message, RecipientStatus.RETRY, EventId.DEFER)
    await spool.written()
    assert await spool.read_body(first.id) == BODY and spool.read_message(first.id).recipients[0].status == "Retry"
    for recipient in second.recipients:
        recipient.status = RecipientStatus.DELIVERED
        spool.update([RecipientUpdate(second.id, recipient)], [])
    await spool.written()
    again, found = await opened(died(tmp_path / "node"))
    assert [message.id for message in found] == [first.id]
    assert [recipient.status for recipient in found[0].recipients] == [RecipientStatus.RETRY, RecipientStatus.READY]
    await again.stop()
    await spool.stop()


@pytest.mark.usefixtures("small_segments")
async def test_turns__what_stays_moves_to_the_database_and_events_have_no_gap(tmp_path):
    spool, _ = await opened(tmp_path / "node")
    messages, shipped, seen = [], 0, []
    for number in range(60):
        messages += await committed(spool, 1)
        if number % 3:
            set_status(spool, messages.pop(), RecipientStatus.DELIVERED)
        elif number % 2:
            set_status(spool, messages[-1], RecipientStatus.RETRY, EventId.DEFER)
        if number % 7 == 0:
            seen += [sequence for sequence, _ in events(spool, shipped)]
            shipped = seen[-1]
            spool.outbox.acknowledge(up_to=shipped)
    await spool.written()
    assert seen + [sequence for sequence, _ in events(spool, shipped)] == list(range(1, 60 + 40 + 10 + 1))
    for message in messages:
        assert await spool.read_body(message.id) == BODY
        assert spool.read_messages([message.id])[message.id].subject == "grüße"
    assert max((tmp_path / "node" / name).stat().st_size for name in journal.NAMES) <= 10 * PAGE
    again, found = await opened(died(tmp_path / "node"))
    assert [message.id for message in found] == [message.id for message in messages]
    assert [sequence for sequence, _ in events(again, shipped)] == list(range(shipped + 1, 111))
    await again.stop()
    await spool.stop()


async def test_die__in_the_middle_of_a_write__all_before_it_is_there(tmp_path):
    spool, _ = await opened(tmp_path / "node")
    messages = await committed(spool, 3)
    end = spool._store.journal.current.end
    for lost in range(1, 9000, 700):
        folder = died(tmp_path / "node")
        os.truncate(folder / spool._store.journal.current.path.name, end - lost)
        again, found = await opened(folder)
        # The end of a batch is filled up: without that alone it is whole.
        assert [m.id for m in found] in (
            [m.id for m in messages[: 3 - (lost + 4095) // 8192]],
            [m.id for m in messages],
        )
        assert told(again) == []
        assert [sequence for sequence, _ in events(again)] == list(range(1, len(found) + 1))
        await again.stop()
        shutil.rmtree(folder)
    await spool.stop()


def damage(folder, segment, at):
    with (folder / segment.path.name).open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x10]))


@pytest.mark.parametrize("part", ["body", "envelope", "record", "batch"])
async def test_die__damaged_record__is_set_aside_and_told_and_the_others_go_on(tmp_path, part):
    spool, _ = await opened(tmp_path / "node")
    messages = await committed(spool, 4)
    place = spool._store.journal.find(messages[1].id)
    at = {"body": place.at + place.head_length + 99, "envelope": place.at + 9, "record": place.at - 9}
    folder = died(tmp_path / "node")
    damage(folder, spool._store.journal.current, at.get(part, place.at // PAGE * PAGE + 5))
    again, found = await opened(folder)
    assert {messages[0].id, messages[2].id, messages[3].id} <= {message.id for message in found}
    await again.written()
    assert EventId.SPOOL_DAMAGE in {event.event for event in told(again)}
    assert next(folder.glob("damaged-*/journal-*")).stat().st_size > 0
    if part == "envelope":
        assert found[1].recipients[0].next_hop == POISON
    if part == "body":
        with pytest.raises(KeyError):
            await again.read_body(messages[1].id)
    await again.stop()
    await spool.stop()


async def test_read__damaged_while_running__is_said_and_the_message_waits_as_poison_after_a_restart(tmp_path):
    spool, _ = await opened(tmp_path)
    first, second = await committed(spool, 2)
    place = spool._store.journal.find(first.id)
    damage(tmp_path, spool._store.journal.current, place.at + place.head_length + 99)
    with pytest.raises(MessageDamaged):
        await spool.read_body(first.id)
    damage(tmp_path, spool._store.journal.current, place.at + 9)
    with pytest.raises(MessageDamaged):
        spool.read_message(first.id)
    await spool.stop()
    spool, (bad, good) = await opened(tmp_path)
    assert bad.recipients[0].next_hop == POISON and await spool.read_body(good.id) == BODY
    assert good.id == second.id
    await spool.stop()


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


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("is_killed", [False, True])
async def test_turns__delivered_from_the_older_segment__never_comes_again(tmp_path, is_killed):
    spool, _ = await opened(tmp_path / "node")
    waiting = []
    for _ in range(60):  # each is delivered after six more came: in the batch of the next one, at every turn too
        waiting += await committed(spool, 1)
        if len(waiting) > 6:
            set_status(spool, waiting.pop(0), RecipientStatus.DELIVERED)
    await spool.written()
    folder = died(tmp_path / "node") if is_killed else tmp_path / "node"
    await spool.stop()
    again, found = await opened(folder)
    assert [message.id for message in found] == [message.id for message in waiting]
    assert [event.event for _, event in events(again)].count(EventId.SEND) == 54
    await again.stop()


@pytest.fixture
def bad_sectors(monkeypatch):
    """Offsets of pages that the disk cannot read any more."""
    pages: set[int] = set()
    pread = os.pread

    def read(descriptor, length, at):
        if pages & set(range(at // PAGE, (at + length - 1) // PAGE + 1)):
            raise OSError(EIO, "Input/output error")
        return pread(descriptor, length, at)

    monkeypatch.setattr("os.pread", read)
    return pages


@pytest.mark.usefixtures("small_segments")
async def test_turns__sector_cannot_be_read__costs_one_message(tmp_path, bad_sectors):
    spool, _ = await opened(tmp_path)
    stored = await committed(spool, 1)
    bad_sectors.add(1)  # in its body
    stored += await committed(spool, 14)
    bad_sectors.clear()
    with pytest.raises((MessageDamaged, KeyError)):
        await spool.read_body(stored[0].id)
    assert await spool.read_body(stored[1].id) == BODY
    await spool.stop()


async def test_die__sector_cannot_be_read__the_node_starts_and_tells(tmp_path, bad_sectors):
    spool, _ = await opened(tmp_path / "node")
    await committed(spool, 3, body=b"x" * 3 * PAGE)
    folder = died(tmp_path / "node")
    await spool.stop()
    bad_sectors.add(9)  # in the last one's body: no batch that was torn looks like this
    again, found = await opened(folder)
    bad_sectors.clear()
    await again.written()
    assert len(found) == 3
    assert [event.event for event in told(again)] == [EventId.SPOOL_DAMAGE]
    with pytest.raises((MessageDamaged, KeyError)):
        await again.read_body(found[2].id)
    await again.stop()


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


async def test_die__message_that_looks_like_a_batch__is_no_batch(tmp_path):
    spool, _ = await opened(tmp_path / "node")
    current = spool._store.journal.current
    await committed(spool, 1)
    forged, _ = encode(current.number, current.salt + 1, [Record(Kind.REMOVED, 0, b"\0" * 8)])
    body = b"x" * (2 * PAGE) + b"".join(forged) * 3
    messages = [message for at in range(0, PAGE, 1024) for message in await committed(spool, 1, body=b"y" * at + body)]
    again, found = await opened(died(tmp_path / "node"))
    assert len(found) == len(messages) + 1 and told(again) == []
    await again.stop()
    await spool.stop()


async def test_open__spool_of_the_version_before_the_journal__goes_on(tmp_path):
    connection = sqlite3.connect(tmp_path / "spool.sqlite3")
    connection.executescript(f"{schema._TABLES} PRAGMA user_version = 1;")
    connection.close()
    spool, found = await opened(tmp_path)
    assert found == []
    (message,) = await committed(spool, 1)
    await spool.stop()
    spool, found = await opened(tmp_path)
    assert [one.id for one in found] == [message.id]
    await spool.stop()


async def test_database_lost__journal_is_read_by_its_own_word(tmp_path):
    spool, _ = await opened(tmp_path / "node")
    (message,) = await committed(spool, 1)
    folder = died(tmp_path / "node")
    for path in folder.glob("spool.sqlite3*"):
        path.write_bytes(b"no database" * 1000)
    again, found = await opened(folder)
    assert [one.id for one in found] == [message.id]
    await again.stop()
    await spool.stop()


def test_scan__any_byte_changed__never_gives_a_wrong_record():
    parts, length = encode(7, 99, [Record(Kind.MESSAGE, 5, b"{}", b"hello"), Record(Kind.EVENTS, 1, b"{}\n{}")])
    whole = b"".join(parts)
    (found,) = scan(whole, 7, 99)
    assert found.is_whole and found.length + -found.length % PAGE == length == len(whole)
    assert [(one.kind, one.head, one.body) for one in found.records] == [
        (Kind.MESSAGE, b"{}", b"hello"),
        (Kind.EVENTS, b"{}\n{}", b""),
    ]
    assert list(scan(whole, 7, 98)) == list(scan(whole, 8, 99)) == []
    for at in range(found.length):
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        assert not any(batch and batch.is_whole for batch in scan(changed, 7, 99))


KILLED = """
import asyncio, random, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.transport.spool.test_journal import committed, set_status
from transport.model.event import EventId
from transport.model.outcome import RecipientStatus
from transport.spool import journal
from transport.spool.sqlite_spool import SqliteSpool
journal.SEGMENT_BYTES = 40 * 4096
async def main():
    spool = SqliteSpool(Path(sys.argv[1]), node="transport-1")
    for message in await spool.start():
        print("found", message.id, flush=True)
    async def sender():
        while True:
            (message,) = await committed(spool, 1, body=b"x" * random.randrange(1, 9000))
            print("promised", message.id, flush=True)
            way = random.random()
            if way < 0.3:
                set_status(spool, message, RecipientStatus.RETRY, EventId.DEFER)
                await asyncio.sleep(random.random() * 0.1)
            if way < 0.9:
                print("ending", message.id, flush=True)
                set_status(spool, message, RecipientStatus.DELIVERED)
                await spool.written()
                print("gone", message.id, flush=True)
    async def shipper():
        shipped = 0
        while True:
            await asyncio.sleep(0.05)
            read = spool.outbox.read(after=shipped, limit=200)
            for sequence, _ in read:
                print("event", sequence, flush=True)
            if read:
                shipped = read[-1][0]
                spool.outbox.acknowledge(up_to=shipped)
    await asyncio.gather(shipper(), *(sender() for _ in range(20)))
asyncio.run(main())
"""


WORDS = ("promised", "ending", "gone", "event")


@pytest.mark.parametrize("lines", [random.Random(round).randrange(300, 3000) for round in range(4)])
def test_kill__while_segments_turn__nothing_is_lost_and_nothing_comes_again(tmp_path, request, lines):
    code = KILLED.format(root=str(request.config.rootpath))
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    said = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    said += process.stdout.read().split("\n")[:-1]
    process.wait()
    of = {word: [int(line.split()[1]) for line in said if line.startswith(word)] for word in WORDS}

    async def recovered():
        spool, found = await opened(tmp_path)
        bodies = {message.id: await spool.read_body(message.id) for message in found}
        rest = events(spool, of["event"][-1] if of["event"] else 0)
        await spool.stop()
        return bodies, rest

    bodies, rest = asyncio.run(recovered())
    assert set(of["promised"]) - set(of["ending"]) <= set(bodies)
    assert not set(of["gone"]) & set(bodies)
    assert all(set(body) <= set(b"x") for body in bodies.values())
    numbers = of["event"] + [sequence for sequence, _ in rest]
    assert numbers == list(range(1, len(numbers) + 1))


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
