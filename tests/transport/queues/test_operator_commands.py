"""What operators order for queued messages: what each verb does, leaves out and refuses."""

import pytest

from tests.support.delivery import Delivering
from tests.support.sink import Sink
from tests.support.transport import document
from transport.config.objects import AddressSpace, SendConnector
from transport.model.envelope import Recipient
from transport.model.event import EventId
from transport.model.next_hop import POISON, UNREACHABLE
from transport.model.orders import StandingOrders, SuspendedQueue
from transport.model.outcome import RecipientStatus
from transport.model.queue_filter import QueueFilter
from transport.model.queue_order import Verb
from transport.model.queued import MessageStatus
from transport.queues.control import OrderRefused, StalePreview
from transport.queues.manager import UnknownQueue
from transport.queues.removal import TOLD_REASON

BO = QueueFilter(recipient="bo@partner.example")


async def waiting(node: Delivering, sink, *recipients: str) -> None:
    """The next hop is down, and this mail waits for it."""
    sink.stop()
    for recipient in recipients:
        node.enqueue(recipient)
    await node.until_event(EventId.DEFER)


def suspend(node: Delivering, *keys: str) -> None:
    node.queues.obey(StandingOrders(tuple(SuspendedQueue(key, by="olga", reason="test") for key in keys)))


async def test_suspended_queue__delivers_nothing_new_or_old_until_it_is_resumed(sink):
    async with Delivering(document(sink)) as node:
        await waiting(node, sink, "bo@partner.example")
        suspend(node, str(node.hop()))
        sink.start()
        node.enqueue("cy@partner.example")
        await node.pass_time(3 * 86400)
        assert not sink.received and not node.spool.happened(EventId.EXPIRE)
        assert (
            node.snapshot.status == "Suspended" and "olga suspended the queue: test." in node.snapshot.waiting_because
        )
        node.queues.obey(StandingOrders())
        await node.until_event(EventId.SEND, 2)


async def test_suspended_queue__empty__stays_in_sight(sink):
    async with Delivering(document(sink)) as node:
        suspend(node, str(node.hop()), "Teleport/x/y")
        await node.pass_time(3600)
        assert [queue.key for queue in node.queues.snapshot(node.clock())] == [str(node.hop())]


async def test_suspend__one_recipient__the_other_goes(sink):
    async with Delivering(document(sink)) as node:
        await waiting(node, sink, "bo@partner.example", "cy@partner.example")
        job = await node.order(Verb.SUSPEND, BO, reason="asked for")
        assert (job.selected, job.done, job.problem) == (1, 1, "")
        sink.start()
        node.queues.retry(str(node.hop()))
        await node.until_event(EventId.SEND)
        (left,) = await node.listed()
        assert left.status is MessageStatus.SUSPENDED and left.because == "olga suspended it: asked for."
        (told,) = node.spool.happened(EventId.SUSPEND)
        assert told.reason == "olga suspended it: asked for"


async def test_suspend__one_recipient_of_a_message__splits_it(sink):
    async with Delivering(document(sink)) as node:
        sink.stop()
        message = node.enqueue("bo@partner.example", "cy@partner.example")
        await node.until_event(EventId.DEFER, 2)
        await node.order(Verb.SUSPEND, BO)
        sink.start()
        node.queues.retry(str(node.hop()))
        (sent,) = await node.until_event(EventId.SEND)
        assert sent.recipient == "cy@partner.example"
        assert message.recipients[0].status is RecipientStatus.SUSPENDED


async def test_suspend__being_delivered__waits_for_how_that_ends(sink):
    async with Delivering(document(sink)) as node:
        sink.delay("rcpt", 0.2)
        sink.reply("rcpt", "451 4.3.0 later")
        node.enqueue("bo@partner.example")
        await node.until(lambda: node.snapshot.status == "Active")
        await node.order(Verb.SUSPEND)
        (seen,) = await node.listed()
        assert seen.status is MessageStatus.PENDING_SUSPEND
        await node.until_event(EventId.SUSPEND)
        (seen,) = await node.listed()
        assert seen.status is MessageStatus.SUSPENDED


async def test_resume__goes_on(sink):
    async with Delivering(document(sink)) as node:
        await waiting(node, sink, "bo@partner.example", "cy@partner.example")
        await node.order(Verb.SUSPEND)
        sink.start()
        job = await node.order(Verb.RESUME, BO)
        await node.order(Verb.RETRY, QueueFilter(state="Retry"))
        await node.until_event(EventId.SEND)
        assert job.done == 1 and node.snapshot.message_count == 1
        assert node.spool.happened(EventId.RESUME)[0].reason == "olga resumed it."


async def test_retry__tries_at_once_what_waits(sink):
    async with Delivering(document(sink)) as node:
        sink.reply("rcpt", "451 4.3.0 later", times=2)
        node.enqueue("bo@partner.example")
        node.enqueue("cy@partner.example")
        await node.until_event(EventId.DEFER, 2)
        assert (await node.order(Verb.RETRY, BO)).done == 1
        (sent,) = await node.until_event(EventId.SEND)
        assert sent.recipient == "bo@partner.example"


async def test_retry__suspended_message__is_left_out(sink):
    async with Delivering(document(sink)) as node:
        await waiting(node, sink, "bo@partner.example")
        await node.order(Verb.SUSPEND)
        job = await node.order(Verb.RETRY)
        assert (job.done, job.left_out, job.problem) == (0, 1, "Some are suspended: resume those first.")


async def test_next_attempt__is_then_and_not_before(sink):
    async with Delivering(document(sink)) as node:
        await waiting(node, sink, "bo@partner.example")
        await node.order(Verb.SET_NEXT_ATTEMPT, next_attempt_at=node.clock() + 3600, reason="after their change")
        sink.start()
        await node.pass_time(3000)
        assert not node.spool.happened(EventId.SEND)
        assert node.spool.events[-1].reason == "olga set the next attempt: after their change"
        await node.pass_time(700)
        await node.until_event(EventId.SEND)


async def test_next_attempt__in_the_past__is_refused(sink):
    async with Delivering(document(sink)) as node:
        with pytest.raises(OrderRefused, match="is past"):
            await node.order(Verb.SET_NEXT_ATTEMPT, next_attempt_at=node.clock())


async def test_remove__tells_the_sender_and_keeps_the_reason_private(sink):
    async with Delivering(document(sink)) as node:
        await waiting(node, sink, "bo@partner.example")
        await node.order(Verb.REMOVE, BO, reason="leaked secrets")
        (failed,) = await node.until_event(EventId.FAIL)
        assert failed.reason == "olga removed it: leaked secrets" and failed.detail["is_sender_told"]
        (dsn,) = node.dsns
        body = dsn.body or b""
        assert TOLD_REASON[:40].encode() in body.replace(b"\r\n ", b" ")
        assert b"leaked" not in body and b"olga" not in body
        assert node.queues.counters.failed == 1 and await node.listed(queue=str(node.hop())) == []


async def test_remove__without_ndr__is_silent(sink):
    async with Delivering(document(sink)) as node:
        await waiting(node, sink, "bo@partner.example")
        await node.order(Verb.REMOVE, with_ndr=False)
        assert not node.dsns and node.spool.happened(EventId.FAIL)[0].detail["is_sender_told"] is False


async def test_remove__being_delivered__goes_when_that_did_not_succeed(sink):
    async with Delivering(document(sink)) as node:
        sink.delay("rcpt", 0.2)
        sink.reply("rcpt", "451 4.3.0 later")
        node.enqueue("bo@partner.example")
        await node.until(lambda: node.snapshot.status == "Active")
        await node.order(Verb.REMOVE, with_ndr=False)
        (seen,) = await node.listed()
        assert seen.status is MessageStatus.PENDING_REMOVE
        await node.until_event(EventId.FAIL)
        assert await node.listed() == []


async def test_redirect__goes_through_the_other_connector(sink):
    given = document(sink)
    with Sink() as second:
        other = SendConnector(
            id="other",
            name="Other",
            address_spaces=(AddressSpace(domain="x.example"),),
            smart_hosts=(f"{second.host}:{second.port}",),
        )
        given = given.model_copy(update={"send_connectors": (*given.send_connectors, other)})
        await redirected(given, sink, second)


async def redirected(given, sink, second):
    async with Delivering(given) as node:
        await waiting(node, sink, "bo@partner.example")
        job = await node.order(Verb.REDIRECT, connector_id="other", reason="theirs is down")
        assert job.done == 1
        await node.until_event(EventId.SEND)
        assert len(second.received) == 1
        (routed,) = node.spool.happened(EventId.ROUTE)
        assert routed.reason == "olga redirected it: theirs is down" and "/other/" in routed.detail["next_hop"]


async def test_redirect__no_such_connector__is_refused(sink):
    async with Delivering(document(sink)) as node:
        with pytest.raises(OrderRefused, match="no enabled send connector 'nowhere'"):
            await node.order(Verb.REDIRECT, connector_id="nowhere")


async def test_resubmit__is_decided_again(sink):
    async with Delivering(document(sink)) as node:
        node.enqueue("bo@partner.example", next_hop=POISON)
        node.enqueue("cy@partner.example", next_hop=UNREACHABLE)
        assert (await node.order(Verb.RESUBMIT)).done == 2
        assert [str(recipients[0].address) for _, recipients in node.rerouted] == [
            "bo@partner.example",
            "cy@partner.example",
        ]


async def test_order__more_than_was_shown__is_refused(sink):
    async with Delivering(document(sink)) as node:
        await waiting(node, sink, "bo@partner.example", "cy@partner.example")
        seen = await node.control.preview(QueueFilter())
        assert (seen.messages, seen.by_queue) == (2, {str(node.hop()): 2})
        with pytest.raises(StalePreview, match="2 messages match now, 1 did when you looked"):
            await node.order(Verb.REMOVE, at_most=1)
        assert not node.spool.happened(EventId.FAIL)


async def test_order__disk_full__says_that_it_is_not_written_yet(sink):
    async with Delivering(document(sink)) as node:
        await waiting(node, sink, "bo@partner.example")
        node.spool.is_failing = True
        assert "not on disk yet" in (await node.order(Verb.SUSPEND)).problem


async def test_half_removed__a_restart_goes_on_with_it(sink):
    async with Delivering(document(sink)) as node:
        await waiting(node, sink, "bo@partner.example")
        node.spool.is_failing = True  # the notification cannot be stored: the process ends before it is
        await node.order(Verb.REMOVE, reason="spam")
        (kept,) = [u.recipient for u in node.spool.updates if u.recipient.hold is not None]
        node.spool.is_failing = False
        found = node.message("bo@partner.example")
        found.recipients, found.body = [kept], None
        node.queues.enqueue(found, [kept])
        assert isinstance(kept, Recipient)
        await node.until(lambda: kept.status is RecipientStatus.FAILED)


@pytest.mark.parametrize("key", ["SmartHostConnectorDelivery/out/nowhere", "nonsense", ""])
async def test_retry__unknown_queue__is_refused(sink, key):
    async with Delivering(document(sink)) as node:
        with pytest.raises(UnknownQueue):
            node.queues.retry(key)


async def test_page__lists_what_waits_a_piece_at_a_time(sink):
    async with Delivering(document(sink)) as node:
        await waiting(node, sink, *(f"r{number}@partner.example" for number in range(5)))
        page = await node.control.page(QueueFilter(queue=str(node.hop())), offset=3, limit=10)
        assert page.total == 5 and [row.recipients for row in page.rows] == [
            ("r3@partner.example",),
            ("r4@partner.example",),
        ]
        found = await node.control.page(QueueFilter(recipient="r4@partner.example"), offset=0, limit=10)
        assert found.total == 1 and found.rows[0].cause == "next_hop_down" and found.rows[0].until > node.clock()


async def test_page__search_that_takes_too_long__says_so(sink):
    async with Delivering(document(sink)) as node:
        await waiting(node, sink, "bo@partner.example")
        node.control.patience_s = -1.0
        assert (await node.control.page(BO, offset=0, limit=10)).is_partial
