"""The demo's part of the configuration: objects whose id begins with ``demo-``, put in and taken out by a change."""

from __future__ import annotations

from transport.config.document import OBJECT_KINDS, MailFlow
from transport.config.objects import AcceptedDomain, AddressSpace, RelayPolicy, SendConnector

PREFIX = "demo-"
ACCEPTED = "demo.example"
PARTNERS = ("northwind.example", "fabrikam.example", "tailspin.example")
ALLOWED_CLIENTS = "127.0.1.1-127.0.1.9"
STRANGER = "127.0.1.66"


def with_demo(document: MailFlow, *, sink_port: int) -> MailFlow:
    """The document with the demo's objects; those of an earlier demo are replaced."""
    hosts = (f"127.0.0.1:{sink_port}",)
    spaces = tuple(AddressSpace(domain=domain) for domain in (ACCEPTED, *PARTNERS))
    comment = "Made by ./console demo; taken away by ./console demo --remove."
    made = {
        "accepted_domains": AcceptedDomain(id="demo-domain", name=ACCEPTED, domain=ACCEPTED, comment=comment),
        "send_connectors": SendConnector(
            id="demo-sink", name="Demo sink", address_spaces=spaces, smart_hosts=hosts, comment=comment
        ),
        "relay_policies": RelayPolicy(
            id="demo-senders",
            name="Demo senders",
            networks=(ALLOWED_CLIENTS,),
            sender_addresses=(ACCEPTED,),
            recipient_addresses=PARTNERS,
            owner="Demo",
            purpose="Example traffic for a first look",
            comment=comment,
        ),
    }
    cleared = without_demo(document)
    sections = {kind: (*getattr(cleared, kind), item) for kind, item in made.items()}
    return MailFlow.model_validate({**dict(cleared), **sections})


def without_demo(document: MailFlow) -> MailFlow:
    """The document as it is without the demo."""
    kept = {
        kind: tuple(item for item in getattr(document, kind) if not item.id.startswith(PREFIX)) for kind in OBJECT_KINDS
    }
    return MailFlow.model_validate({**dict(document), **kept})


def has_demo(document: MailFlow) -> bool:
    return without_demo(document) != document


def sink_port(document: MailFlow) -> int | None:
    """The port that the demo's connector delivers to, None without a demo."""
    for connector in document.send_connectors:
        if connector.id == "demo-sink":
            return int(connector.smart_hosts[0].rpartition(":")[2])
    return None
