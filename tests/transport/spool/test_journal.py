"""What is in the journal when a node dies is there afterwards: once, whole, and as far as it can be read."""

import sqlite3

import pytest

from tests.transport.spool.journal_kit import BODY, committed, died, events, set_status
from tests.transport.spool.test_sqlite_spool import opened
from transport.model.event import EventId
from transport.model.outcome import RecipientStatus
from transport.ports.spool import RecipientUpdate
from transport.spool import journal, schema
from transport.spool.bodies import LARGE_BODY_BYTES
from transport.spool.frames import PAGE

pytestmark = pytest.mark.usefixtures("who_syncs")


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
