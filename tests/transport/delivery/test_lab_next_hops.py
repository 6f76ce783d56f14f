"""The lab's mail servers, one by one, found through the lab's DNS: a dozen ways to be awkward, and a real Postfix."""

import asyncio
import time
from dataclasses import replace

import pytest

from tests.support.delivery import BODY, Delivering
from tests.support.lab import PASSWORD
from tests.support.transport import document
from transport.config.objects import AddressSpace, SendConnector, TlsLevel
from transport.delivery import capabilities
from transport.delivery.resolver import DnsResolver
from transport.delivery.timeouts import Timeouts
from transport.model.event import EventId
from transport.model.next_hop import DeliveryType, NextHop

pytestmark = [pytest.mark.needs("lab-nexthop", "lab-dns")]
parse = capabilities.parse
PATIENT = Timeouts(connect_s=3, banner_s=3, quit_s=1)


def by_dns(**fields):
    base = {"id": "dns", "name": "DNS", "address_spaces": (AddressSpace(domain="*"),), "port": 25}
    base |= {"is_private_address_allowed": True} | fields
    return document(send_connectors=(SendConnector(**base),))


@pytest.fixture
def node_for(lab_dns, lab_nexthop):
    def make(config=None, **options):
        resolver = DnsResolver(nameservers=["127.0.0.20"], dns_port=5300, own_names=("gw.acme.example",))
        return Delivering(config or by_dns(), resolver=resolver, timeouts=PATIENT, **options)

    return make


def to(domain, connector_id="dns"):
    return NextHop(DeliveryType.DNS_CONNECTOR, domain, connector_id)


def enqueue(node, *recipients, **fields):
    return node.enqueue(*recipients, next_hop=to(recipients[0].partition("@")[2]), **fields)


@pytest.mark.parametrize(
    ("recipient", "event", "phase", "reply", "reason"),
    [
        ("b@partner.example", EventId.SEND, "dot", "250", ""),
        ("b@failover.example", EventId.SEND, "dot", "250", ""),
        ("b@halfdown.example", EventId.SEND, "dot", "250", ""),
        ("b@somehost.example", EventId.SEND, "dot", "250", ""),
        ("b@aonly.example", EventId.SEND, "dot", "250", ""),
        ("b@cnamemx.example", EventId.SEND, "dot", "250", ""),
        ("b@sub.alias.example", EventId.SEND, "dot", "250", ""),
        ("b@manymx.example", EventId.SEND, "dot", "250", ""),
        ("b@selfsigned.example", EventId.SEND, "dot", "250", ""),
        ("b@expiredcert.example", EventId.SEND, "dot", "250", ""),
        ("b@strange.example", EventId.SEND, "dot", "250", ""),
        ("b@helo.example", EventId.SEND, "dot", "250", ""),
        ("b@notls.example", EventId.SEND, "dot", "250", ""),
        ("b@reject.example", EventId.FAIL, "rcpt", "550 5.1.1", ""),
        ("b@tempfail.example", EventId.DEFER, "rcpt", "451 4.3.0", ""),
        ("b@busy.example", EventId.DEFER, "banner", "421 4.3.2", ""),
        ("b@silent.example", EventId.DEFER, "banner", "", "did not answer in time"),
        ("b@drop.example", EventId.DEFER, "dot", "", "closed the connection"),
        ("dot@drop.example", EventId.DEFER, "dot", "", "may arrive twice"),
        ("b@nullmx.example", EventId.FAIL, "dns", "", "null MX"),
        ("b@nohost.example", EventId.FAIL, "dns", "", "None of the mail exchangers"),
        ("b@nomail.example", EventId.FAIL, "dns", "", "has no address"),
        ("b@nowhere.example", EventId.FAIL, "dns", "", "does not exist"),
        ("b@loop.example", EventId.FAIL, "dns", "", "loop back"),
        ("b@lame.example", EventId.DEFER, "dns", "", "SERVFAIL"),
    ],
)
async def test_next_hop(node_for, recipient, event, phase, reply, reason):
    async with node_for() as node:
        enqueue(node, recipient, body=BODY + (b"y" * 70 + b"\r\n") * 10)
        told = await node.first_attempt()
    assert (told.event, told.detail["phase"]) == (event, phase), told
    assert told.reply.startswith(reply) and reason in told.reason


async def test_tlsbroken__goes_on_in_clear_where_the_level_allows(lab_nexthop):
    outcomes = []
    for level in (TlsLevel.OPPORTUNISTIC, TlsLevel.ENCRYPTION_ONLY):
        connector = SendConnector(
            id="out",
            name="Out",
            address_spaces=(AddressSpace(domain="*"),),
            smart_hosts=("127.0.0.47",),
            tls_level=level,
        )
        async with Delivering(document(send_connectors=(connector,))) as node:
            node.enqueue("b@tlsbroken.example")
            outcomes.append(await node.first_attempt())
    assert [event.event for event in outcomes] == [EventId.SEND, EventId.DEFER]
    assert outcomes[1].detail["phase"] == "tls" and outcomes[1].reason.startswith("TLS could not be started")


async def test_strange_replies__the_bare_250_is_an_acceptance(node_for, lab_nexthop):
    async with node_for() as node:
        enqueue(node, "b@strange.example")
        assert (await node.first_attempt()).reply.strip() == "250"


async def test_partial__each_recipient_has_its_reply(node_for):
    names = [f"ok{number}" for number in range(15)] + ["bad1", "defer1", "full1", "policy1"]
    async with node_for() as node:
        enqueue(node, *(f"{name}@partial.example" for name in names))
        await node.until(lambda: len(node.spool.happened(EventId.SEND)) == 15, timeout_s=10)
        failed = {e.recipient.partition("@")[0]: e.reply for e in node.spool.happened(EventId.FAIL)}
        deferred = {e.recipient.partition("@")[0]: e.reply for e in node.spool.happened(EventId.DEFER)}
    assert set(failed) == {"bad1", "policy1"} and failed["bad1"].startswith("550 5.1.1")
    assert set(deferred) == {"defer1", "full1"} and deferred["full1"].startswith("452 4.2.2")


async def test_greylisting__passes_at_the_next_try(node_for):
    async with node_for() as node:
        enqueue(node, f"b{time.time_ns()}@greylist.example")
        assert (await node.first_attempt()).reply.startswith("450 4.7.1")
        await asyncio.sleep(5.2)
        await node.pass_time(6)  # the reply named 5 s, on the node's clock
        await node.until_event(EventId.SEND)


async def test_small__size_is_checked_before_sending(node_for):
    async with node_for() as node:
        enqueue(node, "b@small.example", body=BODY + b"x" * 20_000)
        assert (await node.first_attempt()).detail["status"] == "5.3.4"


async def test_expired_certificate__refused_where_it_must_verify(node_for, lab_nexthop):
    config = by_dns(tls_level=TlsLevel.DOMAIN_VALIDATION)
    async with node_for(config, ca_file=lab_nexthop.ca_path) as node:
        enqueue(node, "b@expiredcert.example")
        event = await node.first_attempt()
    assert event.event is EventId.DEFER and "expired" in event.reason


async def test_mtasts_host__verifies_by_name(node_for, lab_nexthop):
    config = by_dns(tls_level=TlsLevel.DOMAIN_VALIDATION)
    async with node_for(config, ca_file=lab_nexthop.ca_path) as node:
        enqueue(node, "b@mtasts.example")
        assert (await node.first_attempt()).event is EventId.SEND


async def test_private_addresses__are_refused_unless_allowed(node_for):
    async with node_for(by_dns(is_private_address_allowed=False)) as node:
        enqueue(node, "b@partner.example")
        event = await node.first_attempt()
    assert event.event is EventId.DEFER and "private or loopback" in event.reason


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_postfix__takes_mail_with_credentials_and_relays_it(lab_nexthop, monkeypatch, mechanism):
    monkeypatch.setattr(capabilities, "parse", lambda text: replace(parse(text), auth_mechanisms={mechanism}))
    connector = SendConnector(
        id="out",
        name="Out",
        address_spaces=(AddressSpace(domain="*"),),
        smart_hosts=("127.0.0.31:587",),
        tls_level=TlsLevel.ENCRYPTION_ONLY,
        username="gateway@store.acme.example",
        password_secret="store",
    )
    async with Delivering(document(send_connectors=(connector,)), secrets=lambda name: PASSWORD) as node:
        node.enqueue("somebody@elsewhere.example")
        event = await node.first_attempt()
    assert event.event is EventId.SEND and event.detail["tls"], event


async def test_postfix__wrong_password__waits(lab_nexthop):
    connector = SendConnector(
        id="out",
        name="Out",
        address_spaces=(AddressSpace(domain="*"),),
        smart_hosts=("127.0.0.31:587",),
        tls_level=TlsLevel.ENCRYPTION_ONLY,
        username="gateway@store.acme.example",
        password_secret="store",
    )
    async with Delivering(document(send_connectors=(connector,)), secrets=lambda name: "wrong") as node:
        node.enqueue("somebody@elsewhere.example")
        event = await node.first_attempt()
    assert event.event is EventId.DEFER and event.reply.startswith("535") and event.detail["phase"] == "auth"


async def test_postfix__unknown_user_and_known_one(lab_nexthop):
    connector = SendConnector(
        id="out", name="Out", address_spaces=(AddressSpace(domain="*"),), smart_hosts=("127.0.0.31:25",)
    )
    async with Delivering(document(send_connectors=(connector,))) as node:
        node.enqueue("admin.anna@acme.example", "nobody@acme.example")
        await node.until_event(EventId.SEND)
        failed = await node.until_event(EventId.FAIL)
    assert failed[0].recipient == "nobody@acme.example" and failed[0].reply.startswith("550 5.1.1")
    assert b"Remote-MTA: dns; 127.0.0.31" in node.spool.bodies[node.dsns[0].id]
