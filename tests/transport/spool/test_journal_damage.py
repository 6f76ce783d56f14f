"""What cannot be read of the journal costs itself alone, and is told."""

import os
import shutil
from errno import EIO

import pytest

from tests.transport.spool.journal_kit import BODY, committed, died, events, told
from tests.transport.spool.test_sqlite_spool import opened
from transport.model.event import EventId
from transport.model.next_hop import POISON
from transport.ports.spool import MessageDamaged
from transport.spool.frames import PAGE, Kind, Record, encode, scan

pytestmark = pytest.mark.usefixtures("who_syncs")


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
