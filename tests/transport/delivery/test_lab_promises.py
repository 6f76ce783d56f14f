"""What we promise of delivering, with the lab's servers: what arrives, what comes back, what waits, and why."""

import uuid

import pytest

from tests.support.delivery import BODY, Delivering
from tests.support.transport import document
from transport.config.objects import AddressSpace, Organization, SendConnector, TlsLevel
from transport.delivery.dialogue import CHUNKED_FROM_BYTES
from transport.delivery.resolver import DnsResolver
from transport.delivery.timeouts import Timeouts
from transport.model.envelope import BodyType
from transport.model.event import EventId
from transport.model.next_hop import DeliveryType, NextHop

pytestmark = [pytest.mark.needs("lab-nexthop", "lab-dns")]
PATIENT = Timeouts(connect_s=3, banner_s=3, quit_s=1)
POSTFIX = "127.0.0.31"
KNOWN = "admin.anna@acme.example"


def through(*hosts, organization=None, **fields):
    base = {"id": "out", "name": "Out", "address_spaces": (AddressSpace(domain="*"),), "smart_hosts": hosts}
    connector = SendConnector(**base | {"is_private_address_allowed": True} | fields)
    plain = Organization(hostname="relay.test", retry_ladder="1m*4, 5m*6, 10m...")
    return document(send_connectors=(connector,), organization=organization or plain)


def node_for(config, **options):
    resolver = DnsResolver(nameservers=["127.0.0.20"], dns_port=5300, own_names=("gw.acme.example",))
    return Delivering(config, resolver=resolver, timeouts=PATIENT, **options)


def by_dns(domain):
    return NextHop(DeliveryType.DNS_CONNECTOR, domain, "out")


async def sent(config, recipient, *, next_hop=None, **fields):
    """What came of the first attempt, and the reports that were made of it."""
    options = {"ca_file": fields.pop("ca_file", None)}
    async with node_for(config, **options) as node:
        node.enqueue(recipient, next_hop=next_hop, **fields)
        event = await node.first_attempt()
        if event.event is EventId.FAIL:
            await node.until(lambda: node.dsns)
        return event, [node.spool.bodies[dsn.id] for dsn in node.dsns]


def kept(lab_nexthop, mark):
    return [message for message in lab_nexthop.messages("store") if mark in message]


@pytest.mark.needs("root")  # the mailbox of the lab's Postfix is not for everybody to read
async def test_postfix__takes_a_large_message_by_bdat_octet_by_octet(lab_nexthop):
    mark = uuid.uuid4().hex.encode()
    lines = b".\r\n..\r\n.dot\r\n" + b"x" * 70 + b"\r\n"
    body = b"Subject: " + mark + b"\r\n\r\n" + lines * (CHUNKED_FROM_BYTES // len(lines) + 1)
    async with node_for(through(POSTFIX)) as node:
        node.enqueue(KNOWN, body=body)
        await node.until_event(EventId.SEND)
        await node.until(lambda: kept(lab_nexthop, mark), timeout_s=30)  # it delivers in its own time
    (stored,) = kept(lab_nexthop, mark)
    assert stored.endswith(body.replace(b"\r\n", b"\n").partition(b"\n\n")[2])


async def test_postfix__offers_no_binarymime__so_binary_content_comes_back(lab_nexthop):
    event, reports = await sent(through(POSTFIX), KNOWN, body=BODY + b"\x00\r\n", body_type=BodyType.BINARY_MIME)
    assert event.event is EventId.FAIL and event.detail["status"] == "5.6.3"
    assert b"Status: 5.6.3" in reports[0]


async def test_postfix__carries_the_name_that_the_connector_wants(lab_nexthop):
    named = {"tls_level": TlsLevel.DOMAIN_VALIDATION, "tls_domain": "store.acme.example"}
    event, _ = await sent(through(POSTFIX, **named), KNOWN, ca_file=lab_nexthop.ca_path)
    assert event.event is EventId.SEND and event.detail["tls"].startswith("TLSv1.")
    other = through(POSTFIX, **named | {"tls_domain": "*.partner.example"})
    event, _ = await sent(other, KNOWN, ca_file=lab_nexthop.ca_path)
    assert event.event is EventId.DEFER and "store.acme.example" in event.reason


async def test_postfix__offers_no_requiretls__so_such_mail_comes_back_without_its_content(lab_nexthop):
    verified = {"tls_level": TlsLevel.DOMAIN_VALIDATION, "tls_domain": "store.acme.example"}
    config = through(POSTFIX, **verified)
    event, reports = await sent(config, KNOWN, ca_file=lab_nexthop.ca_path, requires_tls=True)
    assert event.event is EventId.FAIL and event.detail["status"] == "5.7.30" and "REQUIRETLS" in event.reason
    assert b"Status: 5.7.30" in reports[0] and b"..second" not in reports[0]


async def test_verified_by_its_mx_name_only__is_not_enough_for_requiretls(lab_nexthop, lab_dns):
    config, hop = through(tls_level=TlsLevel.DOMAIN_VALIDATION), by_dns("mtasts.example")
    event, _ = await sent(config, "b@mtasts.example", next_hop=hop, ca_file=lab_nexthop.ca_path, requires_tls=True)
    assert event.event is EventId.FAIL and "not verified by a name that is known for sure" in event.reason


@pytest.mark.parametrize(("host", "is_told_by_us"), [(POSTFIX, False), ("127.0.0.52", True)])
async def test_notify_success__we_say_relayed_only_where_the_next_hop_says_nothing(lab_nexthop, host, is_told_by_us):
    recipient = KNOWN if host == POSTFIX else "b@helo.example"
    event, reports = await sent(through(host), recipient, notify=frozenset({"SUCCESS"}))
    assert event.event is EventId.SEND
    assert [b"Action: relayed" in report for report in reports] == [True] * is_told_by_us


async def test_sink_without_smtputf8__such_an_address_comes_back(lab_nexthop):
    event, reports = await sent(through("127.0.0.32"), "günter@partner.example", is_smtputf8=True)
    assert event.event is EventId.FAIL and event.detail["status"] == "5.6.7"
    assert rb"Final-Recipient: utf-8; g\x{FC}nter@partner.example" in reports[0]


async def test_postfix__takes_smtputf8(lab_nexthop):
    event, _ = await sent(through(POSTFIX), KNOWN, body="Subject: Grüße\r\n\r\n".encode(), is_smtputf8=True)
    assert event.event is EventId.SEND


async def test_tempfail__told_after_four_hours_and_given_up_after_two_days(lab_nexthop, lab_dns):
    organization = Organization(hostname="relay.test", retry_ladder="30m...", dsn_language="de")
    async with node_for(through(organization=organization)) as node:
        recipient = node.enqueue("b@tempfail.example", next_hop=by_dns("tempfail.example")).recipients[0]
        await node.until_event(EventId.DEFER)
        await node.pass_time(4 * 3600)
        await node.until(lambda: node.dsns)
        assert b"Action: delayed" in node.spool.bodies[node.dsns[0].id]
        await node.until(lambda: recipient.attempts == 2)
        await node.pass_time(2 * 86400)
        await node.until_event(EventId.EXPIRE)
        report = node.spool.bodies[node.dsns[1].id]
    assert b"Status: 4.4.7" in report and b"Subject: Unzustellbar" in report and len(node.dsns) == 2


async def test_null_mx__waits_where_the_connector_downgrades_dns_failures(lab_nexthop, lab_dns):
    hop = by_dns("nullmx.example")
    event, _ = await sent(through(is_dns_failure_downgraded=True), "b@nullmx.example", next_hop=hop)
    assert event.event is EventId.DEFER and event.detail["status"] == "4.1.10" and "as passing" in event.reason


async def test_failover__the_dead_exchanger_is_seen_to_be_left_alone(lab_nexthop, lab_dns):
    async with node_for(through()) as node:
        node.enqueue("b@failover.example", next_hop=by_dns("failover.example"))
        await node.until_event(EventId.SEND)
        assert "for another 60 s. Others are used." in node.snapshot.skipping
        assert "127.0.0.49" in node.snapshot.skipping


async def test_reject__is_told_to_the_sender_and_the_postmaster_gets_a_copy(lab_nexthop, lab_dns):
    organization = Organization(
        hostname="relay.test", postmaster_address="help@acme.example", generate_copy_of_dsn_for=("5.1.1",)
    )
    async with node_for(through(organization=organization)) as node:
        node.enqueue("b@reject.example", next_hop=by_dns("reject.example"))
        await node.until(lambda: node.dsns)
    assert [str(one.address) for one in node.dsns[0].recipients] == ["a@acme.example", "help@acme.example"]
