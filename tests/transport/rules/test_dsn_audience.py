"""Whose report it is: our own senders' or others'."""

from dataclasses import replace

import pytest

from tests.transport.rules.dsn_kit import NOW, ORIGINAL, SETTINGS, message, parsed, told
from transport.config.document import MailFlow
from transport.config.objects import AcceptedDomain, DomainType, Organization
from transport.model.address import Address
from transport.rules import dsn
from transport.rules.dsn import DsnKind, DsnSettings
from transport.rules.dsn_audience import OurSenders

DOMAINS = (
    AcceptedDomain(id="a", name="A", domain="acme.example", match_subdomains=True),
    AcceptedDomain(id="b", name="B", domain="shop.acme.example", domain_type=DomainType.EXTERNAL_RELAY),
    AcceptedDomain(id="c", name="C", domain="relayed.example", domain_type=DomainType.INTERNAL_RELAY),
)


@pytest.mark.parametrize(
    ("domain", "is_ours"),
    [
        ("acme.example", True),
        ("dep.acme.example", True),
        ("relayed.example", True),
        ("shop.acme.example", False),
        ("x.relayed.example", False),
        ("notacme.example", False),
        ("", False),
    ],
)
def test_our_senders__are_at_accepted_domains_that_are_ours(domain, is_ours):
    assert OurSenders(DOMAINS).holds(Address("a", domain)) is is_ours
    assert not OurSenders().holds(Address("a", domain))


@pytest.mark.parametrize(
    ("internal", "sender", "is_whole"),
    [
        ("1 KB", "acme.example", True),
        ("1 KB", "partner.example", False),
        (None, "acme.example", False),
        (0, "acme.example", False),
    ],
)
def test_original__is_returned_by_the_limit_of_its_sender(internal, sender, is_whole):
    organization = Organization(dsn_max_message_attach_size=10, internal_dsn_max_message_attach_size=internal)
    set_ = DsnSettings.of(MailFlow(organization=organization, accepted_domains=DOMAINS), "h")
    about, settings = (
        message(envelope_sender=Address("a", sender)),
        replace(SETTINGS, max_attach_bytes=set_.max_attach_bytes),
    )
    octets = dsn.compose(DsnKind.FAILED, about, [told()], ORIGINAL, settings, queue_id="1", now=NOW)
    assert [part.get_content_type() for part in parsed(octets).iter_parts()][2] == (
        "message/rfc822" if is_whole else "text/rfc822-headers"
    )
