"""250 means on disk: what was committed is there after anything, what failed was never promised."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from unittest.mock import Mock

import pytest

from transport.model.address import Address
from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.next_hop import DeliveryType, NextHop
from transport.model.outcome import RecipientStatus
from transport.ports.spool import RecipientUpdate, SpoolUnavailable
from transport.spool import schema
from transport.spool.bodies import LARGE_BODY_BYTES, Piece
from transport.spool.outbox import SpoolOutbox
from transport.spool.recent import Recent, RecentEvents
from transport.spool.sqlite_spool import SqliteSpool

HOP = NextHop(DeliveryType.SMART_HOST_CONNECTOR, "10.0.0.1:25", "internet")


def make_message(spool, *, body=b"Subject: x\r\n\r\nhello\r\n", recipients=1):
    return Message(
        id=spool.new_id(),
        envelope_sender=Address("a", "acme.example"),
        recipients=[
            Recipient(i, address := Address(f"u{i}", "partner.example"), address, next_hop=HOP)
            for i in range(recipients)
        ],
        size_bytes=len(body),
        received_at=1.5,
        expires_at=9.0,
        session_id="s1",
        peer="127.0.0.2",
        helo="h\udcff\u202e",
        identity="",
        connector_id="default",
        revision=3,
        subject="grüße",
        body=body,
    )


def receive(message):
    return TrackingEvent(EventId.RECEIVE, 1.0, message_id=message.id)


async def until(condition):
    """What the spool's thread does is seen soon."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def opened(folder):
    spool = SqliteSpool(folder, node="transport-1")
    return spool, await spool.start()


async def test_commit__is_there_after_reopening(tmp_path):
    spool, found = await opened(tmp_path)
    assert found == []
    message = make_message(spool, recipients=2)
    await spool.commit(message, [receive(message)])
    await spool.stop()
    spool, found = await opened(tmp_path)
    (again,) = found
    assert again.id == message.id and again.body is None and again.subject == "grüße" and again.helo == "h?\u202e"
    assert [(r.address, r.original, r.next_hop) for r in again.recipients] == [
        (r.address, r.original, HOP) for r in message.recipients
    ]
    assert await spool.read_body(message.id) == message.body
    await spool.stop()


async def test_commit__large_body__is_a_file_and_goes_with_the_message(tmp_path):
    spool, _ = await opened(tmp_path)
    message = make_message(spool, body=os.urandom(LARGE_BODY_BYTES + 1))
    await spool.commit(message, [])
    assert [p.stem for p in (tmp_path / "bodies").iterdir()] == [message.queue_id]
    assert await spool.read_body(message.id) == message.body
    message.recipients[0].status = RecipientStatus.DELIVERED
    spool.update([RecipientUpdate(message.id, message.recipients[0])], [])
    await spool.stop()
    assert list((tmp_path / "bodies").iterdir()) == []


@pytest.mark.parametrize("size", [LARGE_BODY_BYTES + 1, 1000])
async def test_read_piece__of_any_body__only_these_octets(tmp_path, monkeypatch, size):
    spool, _ = await opened(tmp_path)
    message = make_message(spool, body=os.urandom(size))
    assert message.body is not None
    body = bytes(message.body)
    await spool.commit(message, [])
    monkeypatch.setattr(spool._bodies, "read", lambda message_id: pytest.fail("read it all"))
    for offset, length in ((0, 10), (500, 100), (size - 5, 100), (size + 5, 100)):
        assert await spool.read_piece(message.id, offset, length) == Piece(body[offset : offset + length], size)
    await spool.stop()


@pytest.mark.parametrize("problem", [FileNotFoundError, PermissionError])
async def test_read_piece__body_that_is_gone__is_told(tmp_path, monkeypatch, problem):
    spool, _ = await opened(tmp_path)
    message = make_message(spool, body=os.urandom(LARGE_BODY_BYTES + 1))
    await spool.commit(message, [])
    monkeypatch.setattr(spool._bodies, "read_piece", Mock(side_effect=problem))
    with pytest.raises(KeyError if problem is FileNotFoundError else SpoolUnavailable):
        await spool.read_piece(message.id, 0, 10)
    with pytest.raises(KeyError):
        await spool.read_piece(spool.new_id(), 0, 10)
    await spool.stop()


async def test_update__deferred_recipient__keeps_its_state_and_the_message(tmp_path):
    spool, _ = await opened(tmp_path)
    message = make_message(spool, recipients=2)
    await spool.commit(message, [])
    first, second = message.recipients
    first.status = RecipientStatus.DELIVERED
    second.status, second.attempts, second.last_reply, second.next_attempt_at = (
        RecipientStatus.RETRY,
        2,
        "451 later",
        77.5,
    )
    spool.update([RecipientUpdate(message.id, first), RecipientUpdate(message.id, second)], [])
    await spool.stop()
    spool, (again,) = await opened(tmp_path)
    assert [(r.status, r.attempts, r.last_reply, r.next_attempt_at) for r in again.recipients] == [
        (RecipientStatus.DELIVERED, 0, "", 0.0),
        (RecipientStatus.RETRY, 2, "451 later", 77.5),
    ]
    again.recipients[1].status = RecipientStatus.FAILED
    spool.update([RecipientUpdate(again.id, again.recipients[1])], [])
    assert spool.count == 0
    await spool.stop()
    spool, found = await opened(tmp_path)
    assert found == []
    assert spool._connection.execute("SELECT count(*) FROM recipient").fetchone() == (0,)
    await spool.stop()


async def test_finish__message_with_states__nothing_but_its_event_is_left(tmp_path):
    spool, _ = await opened(tmp_path)
    message = make_message(spool, body=os.urandom(LARGE_BODY_BYTES + 1), recipients=2)
    await spool.commit(message, [receive(message)])
    message.recipients[0].status = RecipientStatus.RETRY
    spool.update([RecipientUpdate(message.id, message.recipients[0])], [])
    spool.finish(message, TrackingEvent(EventId.SEND, 2.0, message.id))
    spool.finish(message, TrackingEvent(EventId.SEND, 3.0, message.id))  # again: there is nothing more to remove
    assert spool.count == 0
    await spool.stop()
    assert list((tmp_path / "bodies").iterdir()) == []
    spool, found = await opened(tmp_path)
    told = [TrackingEvent.from_json(row) for _, row in spool.outbox.read(after=0, limit=10)]
    assert found == [] and [event.event for event in told] == [EventId.RECEIVE, EventId.SEND, EventId.SEND]
    with sqlite3.connect(tmp_path / "spool.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM recipient").fetchone() == (0,)
    await spool.stop()


async def test_rewrite__new_recipients__replace_the_old_ones(tmp_path):
    spool, _ = await opened(tmp_path)
    message = make_message(spool)
    await spool.commit(message, [])
    message.recipients[0].status = RecipientStatus.RETRY
    spool.update([RecipientUpdate(message.id, message.recipients[0])], [])
    member = Address("member", "acme.example")
    message.recipients = [Recipient(i, member, member) for i in (0, 1)]
    spool.rewrite(message, [])
    await spool.stop()
    spool, (again,) = await opened(tmp_path)
    assert [r.address for r in again.recipients] == [member, member]
    assert {r.status for r in again.recipients} == {RecipientStatus.READY}
    await spool.stop()


async def test_outbox__events__are_read_in_order_and_forgotten_when_acknowledged(tmp_path):
    spool, _ = await opened(tmp_path)
    for _ in range(3):
        message = make_message(spool)
        await spool.commit(message, [receive(message), receive(message)])
    read = spool.outbox.read(after=0, limit=100)
    assert [sequence for sequence, _ in read] == [1, 2, 3, 4, 5, 6]
    assert TrackingEvent.from_json(read[0][1]).event is EventId.RECEIVE
    assert [sequence for sequence, _ in spool.outbox.read(after=3, limit=2)] == [4, 5]
    spool.outbox.acknowledge(up_to=6)
    await spool.stop()
    spool, _ = await opened(tmp_path)
    assert spool.outbox.read(after=0, limit=100) == []
    spool.record([TrackingEvent(EventId.REFUSE, 2.0)])
    await until(lambda: [sequence for sequence, _ in spool.outbox.read(after=0, limit=9)] == [7])
    await spool.stop()


async def test_open__file_of_a_newer_version__is_refused(tmp_path):
    connection = sqlite3.connect(tmp_path / "spool.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SpoolUnavailable, match="newer Mailconsole"):
        SqliteSpool(tmp_path, node="transport-1")


def test_new_id__rises_even_when_the_clock_does_not(tmp_path):
    spool = SqliteSpool(tmp_path, node="transport-1", clock=lambda: 1_800_000_000.0)
    ids = [spool.new_id() for _ in range(5000)]
    assert ids == sorted(set(ids))


KILLED = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.transport.spool.test_sqlite_spool import make_message, receive
from transport.spool.sqlite_spool import SqliteSpool
async def main():
    spool = SqliteSpool(Path(sys.argv[1]), node="transport-1")
    await spool.start()
    async def sender():
        while True:
            message = make_message(spool)
            await spool.commit(message, [receive(message)])
            print("promised", message.id, flush=True)
    await asyncio.gather(*(sender() for _ in range(20)))
asyncio.run(main())
"""


def test_kill__under_load__every_message_that_was_promised_is_there(tmp_path, request):
    code = KILLED.format(root=str(request.config.rootpath))
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    lines = [process.stdout.readline() for _ in range(500)]
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().split("\n")[:-1]
    promised = [int(line.split()[1]) for line in lines if line.startswith("promised ")]
    assert len(promised) > 400
    process.wait()

    async def recovered():
        spool, found = await opened(tmp_path)
        bodies = {m.id: await spool.read_body(m.id) for m in found}
        await spool.stop()
        return bodies

    bodies = asyncio.run(recovered())
    assert set(promised) <= set(bodies)
    assert set(bodies.values()) == {b"Subject: x\r\n\r\nhello\r\n"}


def test_outbox__hours_of_events_wait__no_more_is_read_than_is_asked_for(tmp_path):
    connection = schema.open_for_writing(tmp_path / "spool.sqlite3")
    connection.executemany(
        "INSERT INTO outbox VALUES (?, 10, ?)", [(first, b"\n".join([b"x"] * 10)) for first in range(1, 1000, 10)]
    )
    seen: list[int] = []

    class Reading:
        def get(self):
            return self

        def execute(self, *asked):
            for row in connection.execute(*asked):
                seen.append(row[0])
                yield row

    recent = Recent()
    recent.add(RecentEvents(1001, [b"y"], 1))
    recent.publish(1001)
    read = SpoolOutbox(Reading(), recent, seen.append).read(after=15, limit=20)
    assert [sequence for sequence, _ in read] == list(range(16, 36)) and seen == [11, 21, 31]
    connection.close()


@pytest.mark.parametrize(("after", "written", "is_asked"), [(3, 7, False), (5, 7, False), (7, 7, False), (1, 7, True)])
def test_outbox__what_is_recent_reaches_far_enough__the_disk_is_not_asked(after, written, is_asked):
    asked = []

    class Disk:
        def get(self):
            return self

        def execute(self, *_):
            asked.append(1)
            return sqlite3.connect(":memory:").execute("SELECT 1, x'62' UNION SELECT 2, x'63' UNION SELECT 3, x'64'")

    recent = Recent()
    recent.add(RecentEvents(4, [b"e", b"f"], 1))
    recent.add(RecentEvents(6, [b"g", b"h"], 1))
    recent.publish(written)
    events = dict(enumerate(b"bcdefgh", start=1))
    read = SpoolOutbox(Disk(), recent, asked.append).read(after=after, limit=3)
    expected = [(number, bytes([events[number]])) for number in range(after + 1, written + 1)][:3]
    assert [told for told in read if told[0] > after] == expected
    assert bool(asked) is is_asked


async def test_outbox__spool_made_anew__numbers_go_on_after_what_was_acknowledged(tmp_path):
    """The console knows events of this node up to 500: those of a fresh disk must not pass for them."""
    spool, _ = await opened(tmp_path)
    spool.outbox.acknowledge(up_to=500)
    message = make_message(spool)
    await spool.commit(message, [receive(message)])
    assert [sequence for sequence, _ in spool.outbox.read(after=500, limit=9)] == [501]
    await spool.stop()
