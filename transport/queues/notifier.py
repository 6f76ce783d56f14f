"""Makes delivery status notifications: builds them by ``rules.dsn`` and enters them as new messages, a few at a time.

Two caps against storms (hostile.md): a sender gets so many an hour, whom rules tell something as many of those, and
what is more is told as an event only; a node makes so many a minute, and what is more waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from asyncio import Future
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from transport.model.address import NULL, Address, InvalidAddress, parse_mailbox
from transport.model.envelope import BodyType, Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.ruled import Notice
from transport.model.ruled import Told as Whom
from transport.ports.spool import Spool, SpoolUnavailable
from transport.queues import rule_notices
from transport.rules import dsn
from transport.rules.dsn import DsnKind, DsnSettings, Told
from transport.rules.dsn_rate import NodePace, SenderLimit

WORKERS = 4
MAX_BODIES = 16  # of notifications that wait; the others are read from the spool
TRY_AGAIN_S = 5.0
log = structlog.get_logger(__name__)
SubmitDsn = Callable[[Message, Sequence[TrackingEvent]], Future[None]]


@dataclass(frozen=True, slots=True)
class _Job:
    kind: DsnKind
    message: Message
    told: tuple[Told, ...]
    body: bytes | None
    then: Callable[[float], None]


class Notifier:
    """``settings`` is replaced with each configuration."""

    def __init__(
        self, *, spool: Spool, submit_dsn: SubmitDsn, settings: DsnSettings, clock: Callable[[], float]
    ) -> None:
        self.settings = settings
        self._spool = spool
        self._submit_dsn = submit_dsn
        self._clock = clock
        self._jobs: deque[_Job] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._sender_limit = SenderLimit()
        self._notice_limit = SenderLimit()  # its own: what strangers' mail makes rules tell may not use up reports
        self._pace = NodePace(time.monotonic())
        self.suppressed = 0

    @property
    def pending(self) -> int:
        """Notifications still to be made."""
        return len(self._jobs) + len(self._workers)

    def is_wanted(self, kind: DsnKind, message: Message, recipient: Recipient) -> bool:
        """Whether the sender is to be told about this recipient."""
        sender = message.envelope_sender
        if not dsn.is_wanted(kind, sender=sender, is_dsn=message.is_dsn, notify=recipient.notify):
            return False
        return self.settings.remote_domains is None or dsn.held_back_by(kind, sender, self.settings) is None

    def tell(
        self,
        kind: DsnKind,
        message: Message,
        told: Sequence[Told],
        *,
        body: bytes | None,
        then: Callable[[float], None],
    ) -> None:
        """Notify the sender where that is wanted; ``then(now)`` is called once the notification is on disk, or at once
        when none is wanted. ``body`` is the message's, None to have it read."""
        sender, is_dsn = message.envelope_sender, message.is_dsn
        wanted = tuple(t for t in told if dsn.is_wanted(kind, sender=sender, is_dsn=is_dsn, notify=t.notify))
        if not wanted:
            then(self._clock())
            return
        if self.settings.remote_domains is not None:
            held_back = dsn.held_back_by(kind, sender, self.settings)
            if held_back is not None:
                because = f"Remote domain {held_back.name}: this notification ({kind.value}) was held back."
                self._suppress(kind, message, wanted, because)
                then(self._clock())
                return
            wanted = dsn.as_told_to(sender, wanted, self.settings)
        limit = self.settings.max_per_sender_per_hour
        if not self._sender_limit.admits(sender.key, self._clock(), limit):
            because = f"Its sender gets at most {limit} notifications an hour; this one ({kind.value}) was not sent."
            self._suppress(kind, message, wanted, because)
            then(self._clock())
            return
        if len(self._jobs) >= MAX_BODIES:
            body = None  # it is on disk
        self._jobs.append(_Job(kind, message, wanted, body, then))
        if len(self._workers) < WORKERS:
            worker = asyncio.get_running_loop().create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    def _suppress(self, kind: DsnKind, message: Message, told: Sequence[Told], reason: str) -> None:
        self.suppressed += 1
        recipient = ", ".join(str(one.final) for one in told[:10])
        detail = {"kind": kind.value}
        event = EventId.SUPPRESSED
        self._spool.record(
            [
                TrackingEvent(
                    event, self._clock(), message_id=message.id, recipient=recipient, reason=reason, detail=detail
                )
            ]
        )

    def say(self, message: Message, notices: Sequence[Notice]) -> None:
        """Send what mail flow rules tell: so many an hour for each, and given up where it can't be stored."""
        own = [notice for notice in notices if notice.whom is Whom.SENDER]
        if own and self._admits(message, [message.envelope_sender]):
            telling = rule_notices.to_sender(
                message, own, self.settings, new_id=self._spool.new_id(), now=self._clock()
            )
            self._tell(telling)
        for notice in notices:
            to = self._admits(message, notice.to)
            if to:
                tell = rule_notices.report if notice.whom is Whom.OTHERS else rule_notices.to_recipients
                new_id, now = self._spool.new_id(), self._clock()
                self._tell(tell(message, notice, to, self.settings, new_id=new_id, now=now))

    def _admits(self, message: Message, to: Sequence[Address]) -> list[Address]:
        """Those who may get one more within this hour; that others do not is told."""
        now, limit = self._clock(), self.settings.max_per_sender_per_hour
        admitted = [one for one in to if self._notice_limit.admits(one.key, now, limit)]
        if len(admitted) < len(to):
            self.suppressed += 1
            self._spool.record([rule_notices.suppressed(message, limit, now)])
        return admitted

    def _tell(self, telling: rule_notices.Telling) -> None:
        self._submit_dsn(telling.mail, telling.events(self._clock())).add_done_callback(_said)

    async def drain(self) -> None:
        """Wait until every notification is made; the caller bounds the time."""
        while self._workers:
            await asyncio.wait(list(self._workers))

    def stop(self) -> None:
        """Give up what is not made: its recipients are not final in the spool, so it is made after the next start."""
        self._jobs.clear()
        for worker in self._workers:
            worker.cancel()

    async def _work(self) -> None:
        while self._jobs:
            wait_s = self._pace.wait_s(time.monotonic(), self.settings.max_per_minute)
            if wait_s:
                await asyncio.sleep(wait_s)
                continue
            job = self._jobs.popleft()
            try:
                await self._do(job)
            except SpoolUnavailable as error:
                log.warning("dsn.deferred", queue_id=job.message.queue_id, reason=str(error))
                self._jobs.append(job)
                await asyncio.sleep(TRY_AGAIN_S)
            except Exception:
                log.exception("dsn.failed", queue_id=job.message.queue_id)
                self._jobs.append(job)
                await asyncio.sleep(TRY_AGAIN_S)

    async def _do(self, job: _Job) -> None:
        try:
            body = job.body if job.body is not None else await self._spool.read_body(job.message.id)
        except KeyError:
            body = b""  # the message is gone; that it failed is still worth telling
        now = self._clock()
        notification = self._message(job, body, now)
        await self._submit_dsn(notification, self._events(job, notification, now))
        job.then(self._clock())

    def _recipients(self, job: _Job) -> list[Recipient]:
        """The sender, and the postmaster where a copy is wanted."""
        addresses = [job.message.envelope_sender]
        if dsn.is_copied(job.kind, job.told, self.settings):
            with contextlib.suppress(InvalidAddress):  # made of the machine's name, which may be no mail domain
                addresses.append(parse_mailbox(self.settings.from_address))
        unlike = {address.key: address for address in addresses}
        return [Recipient(index, address, address) for index, address in enumerate(unlike.values())]

    def _message(self, job: _Job, body: bytes, now: float) -> Message:
        original = job.message
        new_id = self._spool.new_id()
        notification = Message(
            id=new_id,
            envelope_sender=NULL,  # RFC 3464 2: so that nothing is ever sent about it
            recipients=self._recipients(job),
            size_bytes=0,
            received_at=now,
            expires_at=now + self.settings.expiration_s,
            session_id="",
            peer="",
            helo="",
            identity="",
            connector_id="",
            revision=original.revision,
            is_smtputf8=not original.envelope_sender.is_ascii,
            subject=dsn.subject(job.kind, original, self.settings),
            is_dsn=True,
            is_canonical=original.is_canonical,
        )
        content = dsn.compose(
            job.kind, original, job.told, body, self.settings, queue_id=notification.queue_id, now=now
        )
        notification.body = content
        notification.size_bytes = len(content)
        notification.internet_message_id = dsn.message_id(notification.queue_id, self.settings)
        if not content.isascii():
            notification.body_type = BodyType.EIGHT_BIT_MIME
        return notification

    def _events(self, job: _Job, notification: Message, now: float) -> list[TrackingEvent]:
        """First the notification's own receipt, then the event of the message that it is about."""
        recipients = [str(recipient.address) for recipient in notification.recipients]
        return [
            TrackingEvent(
                EventId.RECEIVE,
                now,
                message_id=notification.id,
                recipient=recipients[0],
                reason=f"A notification ({job.kind.value}) about the message {job.message.queue_id}.",
                size_bytes=notification.size_bytes,
                revision=notification.revision,
                detail={
                    "recipients": recipients,
                    "subject": notification.subject,
                    "internet_message_id": notification.internet_message_id,
                    "about_message_id": job.message.id,
                },
            ),
            TrackingEvent(
                EventId.DSN,
                now,
                message_id=job.message.id,
                recipient=", ".join(str(told.final) for told in job.told[:10]),
                reason=job.kind.sentence,
                detail={"kind": job.kind.value, "dsn_message_id": notification.id},
            ),
        ]


def _said(done: Future[None]) -> None:
    if not done.cancelled() and done.exception() is not None:
        log.warning("rule_notice.not_stored", reason=str(done.exception()))
