"""What is said of something that is being stored: to who waits for it, and of a copy that is stored beside it."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Sequence

from transport.model.envelope import Message
from transport.model.event import EventId, TrackingEvent
from transport.ports.spool import SpoolUnavailable, Stored
from transport.queues.categorizer import Copy


def copy_received(original: Message, copy: Copy, now: float) -> TrackingEvent:
    message = copy.message
    return TrackingEvent(
        EventId.RECEIVE,
        now,
        message_id=message.id,
        sender=str(message.envelope_sender),
        peer=message.peer,
        connector_id=message.connector_id,
        reason=f"A copy of the message {original.queue_id}. {copy.because}",
        size_bytes=message.size_bytes,
        revision=message.revision,
        detail={
            "recipients": [str(recipient.address) for recipient in message.recipients],
            "internet_message_id": message.internet_message_id,
            "subject": message.subject,
            "routes": copy.routes,
            "about_message_id": original.id,
        },
    )


def tell_stored(then: Stored, done: Future[None]) -> None:
    """Answer as ``commit_then`` does when a commit with a future is done."""
    error = SpoolUnavailable("cancelled") if done.cancelled() else done.exception()
    then(error if error is None or isinstance(error, SpoolUnavailable) else SpoolUnavailable(str(error)))


def all_of(futures: Sequence[Future[None]]) -> Future[None]:
    """Done when all are, and failed when one is: nothing is answered for that is only partly on disk (law 1)."""
    combined: Future[None] = futures[0].get_loop().create_future()

    def one_done(_: Future[None]) -> None:
        if combined.done() or not all(future.done() for future in futures):
            return
        failed = next((error for future in futures if (error := future.exception()) is not None), None)
        if failed is None:
            combined.set_result(None)
        else:
            combined.set_exception(failed)

    for future in futures:
        future.add_done_callback(one_done)
    return combined
