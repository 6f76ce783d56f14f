"""A new configuration while mail waits: what is routed again, what goes on under it."""

import asyncio

from tests.support.delivery import Delivering
from tests.support.sink import Sink
from tests.support.transport import document
from transport.config.objects import AddressSpace, Organization, SendConnector
from transport.model.event import EventId
from transport.model.next_hop import POISON, UNREACHABLE
from transport.model.orders import StandingOrders, SuspendedQueue


def connector(sink, **fields):
    base = {"id": "out", "name": "Out", "address_spaces": (AddressSpace(domain="*"),)}
    return SendConnector(**base | {"smart_hosts": (f"{sink.host}:{sink.port}",)} | fields)


async def test_unreachable__is_routed_again(sink):
    async with Delivering(document(sink, send_connectors=())) as node:
        message = node.enqueue("b@partner.example", next_hop=UNREACHABLE)
        assert "No send connector covers" in node.snapshot.waiting_because and node.snapshot.status == "Ready"
        assert list(node.queues.apply(document(sink))) == [[(message, message.recipients)]]
        assert node.snapshot.message_count == 0


async def test_connector_gone__its_mail_is_routed_again(sink):
    sink.stop()
    async with Delivering(document(sink)) as node:
        message = node.enqueue("b@partner.example")
        await node.until_event(EventId.DEFER)
        assert list(node.queues.apply(document(sink, send_connectors=()))) == [[(message, message.recipients)]]


async def test_other_address_spaces__its_mail_is_routed_again(sink):
    sink.stop()
    async with Delivering(document(sink, send_connectors=(connector(sink),))) as node:
        node.enqueue("b@partner.example")
        await node.until_event(EventId.DEFER)
        narrower = connector(sink, address_spaces=(AddressSpace(domain="other.example"),))
        assert len(list(node.queues.apply(document(sink, send_connectors=(narrower,))))) == 1


async def test_nothing_changed__nothing_moves(sink):
    sink.stop()
    async with Delivering(document(sink)) as node:
        node.enqueue("b@partner.example")
        await node.until_event(EventId.DEFER)
        assert list(node.queues.apply(document(sink))) == []
        assert node.snapshot.status == "Retry"


async def test_connector_mended__is_tried_at_once(certificate):
    with Sink(tls_chain=certificate.chain, tls_key=certificate.key) as sink:
        strict = connector(sink, tls_level="CertificateValidation")
        async with Delivering(document(sink, send_connectors=(strict,))) as node:
            node.enqueue("b@partner.example")
            await node.until_event(EventId.DEFER)
            relaxed = connector(sink, tls_level="EncryptionOnly")
            assert list(node.queues.apply(document(sink, send_connectors=(relaxed,)))) == []
            await node.until_event(EventId.SEND)


async def test_recovered_for_a_connector_that_is_gone__is_routed_again_once(sink):
    async with Delivering(document(sink)) as node:
        hop = type(node.hop())(node.hop().delivery_type, node.hop().domain, "gone")
        message = node.enqueue("b@partner.example", next_hop=hop)
        await node.until(lambda: node.rerouted)
        assert node.rerouted == [(message, message.recipients)]
        node.queues.enqueue(
            message, message.recipients
        )  # routed to the same place: kept, shown, not routed in a circle
        await node.pass_time(1)
        assert len(node.rerouted) == 1 and "is gone or disabled" in node.snapshot.waiting_because


async def test_recovered_late_for_a_connector_that_is_gone__is_routed_again_too(sink):
    async with Delivering(document(sink)) as node:
        hop = type(node.hop())(node.hop().delivery_type, node.hop().domain, "gone")
        node.enqueue("b@partner.example", next_hop=hop)
        await node.until(lambda: node.rerouted)
        late = node.enqueue("c@partner.example", next_hop=hop)
        node.queues.look_for_orphans()
        assert node.rerouted[1:] == [(late, late.recipients)]


async def test_other_address_spaces__what_comes_while_its_mail_is_routed_again__goes_after_that(sink):
    async with Delivering(document(sink, send_connectors=(connector(sink),))) as node:
        node.queues.obey(StandingOrders((SuspendedQueue(str(node.hop())),)))
        node.enqueue("b@partner.example")
        (queue,) = node.queues.all()
        queue.suspension = None
        leaving = node.queues.apply(document(sink, send_connectors=(connector(sink, max_message_size=5000),)))
        node.enqueue("c@partner.example")
        await asyncio.sleep(0.1)
        assert sink.received == []
        assert [[str(recipients[0].address) for _, recipients in some] for some in leaving] == [["b@partner.example"]]
        await node.until_event(EventId.SEND)
    assert sink.recipients == ["c@partner.example"]


async def test_our_name_changed__is_used_at_once(sink):
    async with Delivering(document(sink)) as node:
        node.enqueue("b@partner.example")
        await node.until_event(EventId.SEND)
        node.queues.apply(document(sink, organization=Organization(hostname="new.test")))
        node.enqueue("c@partner.example")
        await node.until_event(EventId.SEND, 2)
    assert [message.helo for message in sink.received] == ["relay.test", "new.test"]


async def test_empty_queue__is_forgotten_after_a_while(sink):
    async with Delivering(document(sink)) as node:
        node.enqueue("b@partner.example")
        await node.until_event(EventId.SEND)
        assert len(node.queues.snapshot(node.clock())) == 1
        node.clock.now += 181
        assert node.queues.snapshot(node.clock()) == ()
        node.enqueue("c@partner.example")
        await node.until_event(EventId.SEND, 2)


async def test_empty_queue__stays_as_long_as_the_organisation_says_in_the_newest_document(sink):
    async with Delivering(
        document(sink, organization=Organization(hostname="relay.test", queue_max_idle_time="1h"))
    ) as node:
        node.enqueue("b@partner.example")
        await node.until_event(EventId.SEND)
        node.clock.now += 1801
        assert len(node.queues.snapshot(node.clock())) == 1
        node.queues.apply(document(sink, organization=Organization(hostname="relay.test", queue_max_idle_time="30m")))
        assert node.queues.snapshot(node.clock()) == ()


async def test_retry__of_what_nothing_covers__routes_it_again(sink):
    async with Delivering(document(sink, send_connectors=())) as node:
        message = node.enqueue("b@partner.example", next_hop=UNREACHABLE)
        assert node.queues.retry(str(UNREACHABLE)) == 1
        assert node.rerouted == [(message, message.recipients)]


async def test_poison__waits_for_an_operator_for_ever(sink):
    async with Delivering(document(sink)) as node:
        node.enqueue("b@partner.example", next_hop=POISON)
        assert list(node.queues.apply(document(sink, send_connectors=()))) == []
        await node.pass_time(30 * 86400)
        assert not node.spool.happened(EventId.EXPIRE) and node.snapshot.message_count == 1


async def test_unreachable__expires(sink):
    async with Delivering(document(sink, send_connectors=())) as node:
        node.enqueue("b@partner.example", next_hop=UNREACHABLE)
        await node.pass_time(2 * 86400 + 1)
        await node.until_event(EventId.EXPIRE)
