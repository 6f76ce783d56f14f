"""A damaged record goes to an operator; it never stops the other messages, and nothing readable is lost."""

import asyncio

import pytest

from tests.transport.spool.test_sqlite_spool import make_message, opened, receive, until
from transport.model.event import EventId, TrackingEvent
from transport.model.next_hop import POISON
from transport.model.outcome import RecipientStatus
from transport.ports.spool import MessageDamaged, RecipientUpdate
from transport.spool import schema
from transport.spool.bodies import LARGE_BODY_BYTES

PAGE = 4096


async def filled(folder, *, count=30, body=b"Subject: x\r\n\r\n" + b"line\r\n" * 500):
    """A closed spool with ``count`` messages of about a page each; the file holds everything, the WAL nothing."""
    spool, _ = await opened(folder)
    messages = [make_message(spool, body=body) for _ in range(count)]
    for message in messages:
        await spool.commit(message, [receive(message)])
    await spool.stop()
    spool._readers.get().close()
    return messages


def overwrite(folder, page):
    with (folder / "spool.sqlite3").open("r+b") as file:
        file.seek(page * PAGE)
        file.write(b"\xff" * PAGE)


def change(folder, statement, *values):
    connection = schema.open_for_writing(folder / "spool.sqlite3")
    connection.execute(statement, values)
    connection.close()


async def told(spool, count=1):
    """What is told of damage, once ``count`` events are written and as many as may follow at once."""
    await until(lambda: len(_told(spool)) >= count)
    await asyncio.sleep(0.1)
    return _told(spool)


def _told(spool):
    events = [TrackingEvent.from_json(data) for _, data in spool.outbox.read(after=0, limit=1000)]
    return [event for event in events if event.event in (EventId.POISON, EventId.SPOOL_DAMAGE)]


@pytest.mark.parametrize("envelope", ['{"sender": ["a"', b"\xff\xfe\x00", '{"sender":["a","b"]}', "[]"])
async def test_start__unreadable_envelope__is_poison_and_told_once_and_the_others_go_on(tmp_path, envelope):
    first, second = await filled(tmp_path, count=2)
    change(tmp_path, "UPDATE message SET envelope = CAST(? AS TEXT) WHERE id = ?", envelope, first.id)
    for _ in range(2):
        spool, (bad, good) = await opened(tmp_path)
        assert good.id == second.id and good.recipients[0].next_hop != POISON
        assert bad.id == first.id and [one.next_hop for one in bad.recipients] == [POISON]
        assert "envelope in the spool cannot be read" in bad.recipients[0].last_reason
        assert abs(bad.received_at * 1000 - (first.id >> 22) - 1_704_067_200_000) < 1
        (event,) = await told(spool)
        assert (event.event, event.message_id) == (EventId.POISON, first.id)
        await spool.stop()


async def test_start__unreadable_envelope__an_operator_can_remove_it(tmp_path):
    (only,) = await filled(tmp_path, count=1)
    change(tmp_path, "UPDATE message SET envelope = 'x' WHERE id = ?", only.id)
    spool, (bad,) = await opened(tmp_path)
    bad.recipients[0].status = RecipientStatus.FAILED
    spool.update([RecipientUpdate(bad.id, bad.recipients[0])], [])
    await spool.stop()
    spool, found = await opened(tmp_path)
    assert found == []
    await spool.stop()


async def test_start__unreadable_envelope__recipients_known_by_their_states_are_poison_by_name(tmp_path):
    spool, _ = await opened(tmp_path)
    message = make_message(spool, recipients=3)
    await spool.commit(message, [])
    message.recipients[0].status, message.recipients[1].status = RecipientStatus.DELIVERED, RecipientStatus.RETRY
    spool.update([RecipientUpdate(message.id, one) for one in message.recipients[:2]], [])
    await spool.stop()
    change(tmp_path, "UPDATE message SET envelope = 'x' WHERE id = ?", message.id)
    for _ in range(2):
        spool, (again,) = await opened(tmp_path)
        assert [one.next_hop == POISON for one in again.recipients] == [True, True]
        assert again.recipients[1].address == message.recipients[1].address
        assert len(await told(spool, 2)) == 2
        await spool.stop()


async def test_start__unreadable_state__only_that_recipient_is_poison(tmp_path):
    spool, _ = await opened(tmp_path)
    message = make_message(spool, recipients=2)
    await spool.commit(message, [])
    message.recipients[1].status = RecipientStatus.RETRY
    spool.update([RecipientUpdate(message.id, message.recipients[1])], [])
    await spool.stop()
    change(tmp_path, "UPDATE recipient SET state = '{'")
    spool, (again,) = await opened(tmp_path)
    assert [one.next_hop == POISON for one in again.recipients] == [False, True]
    assert "may have been delivered" in again.recipients[1].last_reason
    await spool.stop()


async def test_start__broken_page__all_others_are_saved_and_the_file_is_kept(tmp_path):
    messages = await filled(tmp_path)
    overwrite(tmp_path, 20)
    spool, found = await opened(tmp_path)
    (kept,) = tmp_path.glob("damaged-*")
    assert (kept / "spool.sqlite3").exists()
    assert 30 - 4 <= len(found) < 30
    assert {one.id for one in found} < {one.id for one in messages}
    for one in found:
        assert await spool.read_body(one.id) == messages[0].body
    (event,) = await told(spool)
    assert event.event is EventId.SPOOL_DAMAGE and f"{len(found)} messages of it could be read" in event.reason
    later = make_message(spool)
    await spool.commit(later, [])
    assert later.id > messages[-1].id
    await spool.stop()


async def test_start__several_broken_pages__what_lies_between_is_saved(tmp_path):
    messages = await filled(tmp_path, count=90)
    for page in (20, 21, 50, 70):
        overwrite(tmp_path, page)
    spool, found = await opened(tmp_path)
    assert 90 - 4 * 3 <= len(found) < 90
    assert [one.id for one in found] == sorted(one.id for one in found)
    assert {one.id for one in found} < {one.id for one in messages}
    await spool.stop()


async def test_start__no_database_at_all__begins_anew_and_keeps_file_and_bodies(tmp_path):
    (message,) = await filled(tmp_path, count=1, body=b"x" * (LARGE_BODY_BYTES + 1))
    (tmp_path / "spool.sqlite3").write_bytes(b"no database" * 1000)
    spool, found = await opened(tmp_path)
    assert found == []
    (kept,) = tmp_path.glob("damaged-*")
    assert {path.name for path in kept.iterdir()} >= {"spool.sqlite3", f"{message.queue_id}.eml"}
    await spool.commit(make_message(spool), [])
    await spool.stop()


async def test_read_body__lost_file__is_a_key_error(tmp_path):
    (message,) = await filled(tmp_path, count=1, body=b"x" * (LARGE_BODY_BYTES + 1))
    next((tmp_path / "bodies").iterdir()).unlink()
    spool, _ = await opened(tmp_path)
    with pytest.raises(KeyError):
        await spool.read_body(message.id)
    await spool.stop()


async def test_running__page_breaks__new_mail_and_other_outcomes_are_written(tmp_path):
    body = b"Subject: x\r\n\r\n" + b"line\r\n" * 30_000
    messages = await filled(tmp_path, count=6, body=body)
    spool, found = await opened(tmp_path)
    overwrite(tmp_path, 150)  # in the middle of a body, read at its deletion
    with pytest.raises(MessageDamaged):
        for one in messages:
            await spool.read_body(one.id)
    for one in found:
        one.recipients[0].status = RecipientStatus.DELIVERED
        spool.update([RecipientUpdate(one.id, one.recipients[0])], [])
    (event,) = await told(spool)
    new = make_message(spool)
    await spool.commit(new, [])
    assert spool.problem == "" and await spool.read_body(new.id) == new.body
    rows = spool._readers.get().execute("SELECT count(*) FROM message").fetchone()
    assert rows == (1,)  # the damaged one
    assert "Restart the node" in event.reason
    await spool.stop()
