"""A long spool is read beside new mail: nothing is lost, nothing twice, and damage in it stops nobody."""

from tests.transport.spool.test_damage import change, filled, overwrite, told
from tests.transport.spool.test_sqlite_spool import make_message, receive
from transport.model.event import EventId
from transport.model.outcome import RecipientStatus
from transport.ports.spool import RecipientUpdate
from transport.spool.bodies import LARGE_BODY_BYTES
from transport.spool.sqlite_spool import SqliteSpool


async def impatient(folder):
    """A spool that reads nothing at its start."""
    spool = SqliteSpool(folder, node="transport-1")
    assert await spool.start(patience_s=0) == []
    return spool


async def rest(spool):
    return [message async for piece in spool.more() for message in piece]


async def test_start__long_spool__takes_new_mail_before_the_old_is_read(tmp_path):
    old = await filled(tmp_path, count=1200)
    spool = await impatient(tmp_path)
    assert not spool.is_read
    new = make_message(spool)
    await spool.commit(new, [receive(new)])
    assert new.id > old[-1].id
    found = await rest(spool)
    assert [message.id for message in found] == [message.id for message in old]
    assert spool.is_read and spool.count == 1201
    await spool.stop()


async def test_more__recipients_states__are_those_last_written(tmp_path):
    spool = SqliteSpool(tmp_path, node="transport-1")
    await spool.start()
    message = make_message(spool, recipients=2)
    await spool.commit(message, [])
    message.recipients[0].status = RecipientStatus.DELIVERED
    message.recipients[1].attempts = 3
    spool.update([RecipientUpdate(message.id, one) for one in message.recipients], [])
    await spool.stop()
    spool = await impatient(tmp_path)
    (again,) = await rest(spool)
    assert [one.status.is_final for one in again.recipients] == [True, False]
    assert again.recipients[1].attempts == 3
    await spool.stop()


async def test_more__broken_page__others_go_on_and_the_next_start_begins_anew(tmp_path):
    messages = await filled(tmp_path, count=60)
    overwrite(tmp_path, 30)
    spool = await impatient(tmp_path)
    found = await rest(spool)
    assert 60 - 8 <= len(found) < 60
    (event,) = await told(spool)
    assert event.event is EventId.SPOOL_DAMAGE and "Restart the node" in event.reason
    identity = spool.identity
    await spool.stop()
    spool = SqliteSpool(tmp_path, node="transport-1")
    again = await spool.start()
    assert 60 - 8 <= len(again) < 60 and {one.id for one in again} < {one.id for one in messages}
    assert len(list(tmp_path.glob("damaged-*"))) == 1
    assert spool.identity != identity
    await spool.stop()


async def test_more__unreadable_envelope__is_poison(tmp_path):
    first, _ = await filled(tmp_path, count=2)
    change(tmp_path, "UPDATE message SET envelope = 'x' WHERE id = ?", first.id)
    spool = await impatient(tmp_path)
    await rest(spool)
    (event,) = await told(spool)
    assert (event.event, event.message_id) == (EventId.POISON, first.id)
    await spool.stop()


async def test_more__orphaned_bodies_go__those_of_old_and_new_mail_stay(tmp_path):
    await filled(tmp_path, count=2, body=b"x" * (LARGE_BODY_BYTES + 1))
    (tmp_path / "bodies" / "0000000000001.eml").write_bytes(b"orphan")
    spool = await impatient(tmp_path)
    new = make_message(spool, body=b"y" * (LARGE_BODY_BYTES + 1))
    await spool.commit(new, [])
    for message in [*await rest(spool), new]:
        assert len(await spool.read_body(message.id)) == LARGE_BODY_BYTES + 1
    assert len(list((tmp_path / "bodies").iterdir())) == 3
    await spool.stop()


async def test_identity__is_the_files__over_restarts(tmp_path):
    identities = set()
    for folder in (tmp_path / "a", tmp_path / "a", tmp_path / "b"):
        spool = SqliteSpool(folder, node="transport-1")
        await spool.start()
        identities.add(spool.identity)
        await spool.stop()
    assert len(identities) == 2 and 0 not in identities


async def test_discard__whole_message__is_gone_after_reopening(tmp_path):
    first, second = await filled(tmp_path, count=2)
    spool = SqliteSpool(tmp_path, node="transport-1")
    await spool.start()
    spool.discard([first.id, 12345])
    assert spool.ids() == [second.id] and not spool.holds(first.id)
    await spool.stop()
    spool = SqliteSpool(tmp_path, node="transport-1")
    assert [one.id for one in await spool.start()] == [second.id]
    await spool.stop()
