"""Takes mail out of the queues at an operator's word: the sender is told first, and the order outlives a crash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.hold import Hold
from transport.model.outcome import RecipientStatus
from transport.ports.spool import RecipientUpdate, Spool
from transport.queues.counters import Counters
from transport.queues.notifier import Notifier
from transport.rules.dsn import DsnKind, Told

TOLD_STATUS = "5.3.0"  # RFC 3463 3.4: what the mail system did, not the mailbox or the network
TOLD_REASON = "An administrator of this mail system removed the message before it was delivered."


class Remover:
    """``clock`` gives unix seconds."""

    def __init__(self, spool: Spool, notifier: Notifier, counters: Counters, clock: Callable[[], float]) -> None:
        self._spool = spool
        self._notifier = notifier
        self._counters = counters
        self._clock = clock

    def remove(self, key: str, message: Message, recipients: Sequence[Recipient], hold: Hold) -> None:
        """Give recipients up for ``hold``, a removal; again for what a restart found half removed. ``key`` is the
        queue's."""
        hold = replace(hold, is_removal=True)
        is_told = hold.with_ndr and any(self._notifier.is_wanted(DsnKind.FAILED, message, one) for one in recipients)
        for recipient in recipients:
            recipient.status, recipient.hold = RecipientStatus.SUSPENDED, hold
        if is_told:  # the notification may take its time; a restart goes on with it
            self._spool.update([RecipientUpdate(message.id, one) for one in recipients], ())

        def finish(now: float) -> None:
            for recipient in recipients:
                recipient.status, recipient.hold = RecipientStatus.FAILED, None
            self._counters.failed += len(recipients)
            self._spool.update(
                [RecipientUpdate(message.id, one) for one in recipients],
                [_event(key, message, one, hold, is_told=is_told, now=now) for one in recipients],
            )

        if is_told:
            told = [_told(recipient) for recipient in recipients]
            self._notifier.tell(DsnKind.FAILED, message, told, body=None, then=finish)
        else:
            finish(self._clock())


def _told(recipient: Recipient) -> Told:
    """The operator and their reason stay private (law 7)."""
    return Told(
        final=recipient.address,
        original=recipient.original,
        orcpt=recipient.orcpt,
        notify=recipient.notify,
        status=TOLD_STATUS,
        reason=TOLD_REASON,
        last_attempt_at=recipient.last_attempt_at,
    )


def _event(key: str, message: Message, recipient: Recipient, hold: Hold, *, is_told: bool, now: float) -> TrackingEvent:
    detail = {"next_hop": key, "by": hold.by, "is_sender_told": is_told}
    address = str(recipient.address)
    return TrackingEvent(
        EventId.FAIL, now, message_id=message.id, recipient=address, reason=hold.sentence, detail=detail
    )
