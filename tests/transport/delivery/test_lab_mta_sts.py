"""MTA-STS with the lab's domains: enforced, tested, not to be fetched; waived by TLS-Required: No."""

import pytest

from tests.support.delivery import Delivering
from tests.support.lab import lab_dir
from tests.support.transport import document
from transport.config.objects import AddressSpace, SendConnector, TlsLevel
from transport.delivery.resolver import DnsResolver
from transport.delivery.sts_policies import StsPolicies
from transport.delivery.timeouts import Timeouts
from transport.delivery.tls_context import TlsContexts
from transport.delivery.tls_policy import Verification
from transport.model.event import EventId
from transport.model.next_hop import DeliveryType, NextHop

pytestmark = [pytest.mark.needs("lab-nexthop", "lab-dns")]
WAIVED = DeliveryType.DNS_CONNECTOR_TLS_WAIVED
WEB = Verification(is_chain_required=True, is_name_required=True)


def lab_dns():
    return DnsResolver(nameservers=["127.0.0.20"], dns_port=5300, own_names=("gw.acme.example",))


async def first(domain, *, kind=DeliveryType.DNS_CONNECTOR, message=None, **fields):
    connector = SendConnector(
        id="out",
        name="Out",
        address_spaces=(AddressSpace(domain="*"),),
        is_private_address_allowed=True,
        **fields,
    )
    resolver, patient = lab_dns(), Timeouts(connect_s=3, banner_s=3, quit_s=1)
    options = {
        "resolver": resolver,
        "dns": resolver.lookup,
        "timeouts": patient,
        "ca_file": lab_dir() / "ca" / "ca.pem",
    }
    async with Delivering(document(send_connectors=(connector,)), **options) as node:
        node.enqueue(f"b@{domain}", next_hop=NextHop(kind, domain, "out"), **(message or {}))
        return await node.first_attempt()


@pytest.mark.parametrize(("domain", "event_id", "words"), [
    ("mtasts.example", EventId.SEND, "The MTA-STS policy of mtasts.example (enforce) was met."),
    ("mtastsfail.example", EventId.DEFER, "The MTA-STS policy of mtastsfail.example (enforce) demands it."),
    ("mtastsmx.example", EventId.DEFER, "names none of its mail exchangers: mx1.partner.example."),
    ("mtaststest.example", EventId.SEND, "(testing) was not met"),
    ("mtastsgone.example", EventId.SEND, ""),
    ("mtastsbad.example", EventId.SEND, ""),
    ("partner.example", EventId.SEND, ""),
])  # fmt: skip
async def test_policy__is_kept_to_and_told(lab_nexthop, domain, event_id, words):
    event = await first(domain)
    assert (event.event, words in event.reason or not words) == (event_id, True), event.reason


async def test_policy__switched_off__is_not_asked(lab_nexthop):
    event = await first("mtastsfail.example", is_mta_sts_enabled=False)
    assert (event.event, event.reason) == (EventId.SEND, "")


async def test_tls_required_no__waives_the_domains_policy_but_not_the_connectors_level(lab_nexthop):
    event = await first("mtastsfail.example", kind=WAIVED)
    assert event.event is EventId.SEND and "TLS-Required: No" in event.reason
    event = await first("mtastsfail.example", kind=WAIVED, tls_level=TlsLevel.CERTIFICATE_VALIDATION)
    assert event.event is EventId.DEFER


async def test_requiretls__a_host_that_the_policy_names__was_verified(lab_nexthop):
    """The lab's host does not offer REQUIRETLS; what is said is that, and no longer that it was not verified."""
    event = await first("mtasts.example", message={"requires_tls": True})
    assert event.event is EventId.FAIL and "does not offer REQUIRETLS" in event.reason
    event = await first("mtaststest.example", message={"requires_tls": True})
    assert event.event is EventId.FAIL and "was not verified" in event.reason


async def test_policies__private_address_of_the_web_host__is_not_asked(lab_nexthop):
    contexts = TlsContexts(lab_dir() / "ca" / "ca.pem")
    policies = StsPolicies(lab_dns().lookup, lambda: contexts.get(WEB))
    assert await policies.get("mtasts.example", is_private_allowed=False) is None


@pytest.mark.parametrize("domain", [
    "[192.0.2.1]", "localhost", "a b.example", "stra\u00dfe.invalid", "\u202e.example", "x" * 64 + ".example",
    "a.example\r\nX: y", "\ud800.example",
])  # fmt: skip
async def test_policies__domain_that_is_no_name__has_none(domain):
    policies = StsPolicies(lab_dns().lookup, lambda: TlsContexts().get(WEB))
    assert await policies.get(domain, is_private_allowed=False) is None


async def test_policies__kept_although_the_record_vanished__until_it_is_over(lab_nexthop, monkeypatch):
    now, resolver, contexts = [0.0], lab_dns(), TlsContexts(lab_dir() / "ca" / "ca.pem")
    policies = StsPolicies(resolver.lookup, lambda: contexts.get(WEB), monotonic=lambda: now[0])
    before = await policies.get("mtasts.example", is_private_allowed=True)
    assert before is not None and before.covers("mx.mtasts.example")

    async def nothing(name):
        return ()

    monkeypatch.setattr(resolver.lookup, "texts", nothing)
    now[0] = 86_000.0
    assert await policies.get("mtasts.example", is_private_allowed=True) == before
    now[0] = 86_401.0
    assert await policies.get("mtasts.example", is_private_allowed=True) is None
