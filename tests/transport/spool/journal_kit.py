"""Messages and events of a spool whose node dies."""

import shutil

from tests.transport.spool.test_sqlite_spool import make_message, receive
from transport.model.event import EventId, TrackingEvent
from transport.ports.spool import RecipientUpdate

BODY = b"Subject: x\r\n\r\n" + b"line\r\n" * 700


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
