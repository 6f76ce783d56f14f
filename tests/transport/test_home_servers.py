"""Two home servers, each behind a real sink: a mailbox's mail goes to its own, whatever its domain."""

from __future__ import annotations

import pytest

from tests.support.product_people import wait_until
from tests.support.sink import Sink
from tests.support.transport import Transport, document
from transport.config.objects import AcceptedDomain, AddressSpace, DomainType, HomeServer, SendConnector
from transport.model.event import EventId
from transport.ports.node import Ports
from transport.ports.recipients import EntryKind, RecipientEntry

PEOPLE = {"ann": "EX01", "ben": "EX02", "cat": "EX07", "dan": ""}


class Directory:
    """All people of acme.example, as ``homes`` has them now, and a group of them."""

    def __init__(self, **homes):
        self.homes = homes

    def find(self, address):
        name = address.partition("@")[0]
        if name == "all":
            return RecipientEntry(address, EntryKind.GROUP, address, members=tuple(f"{n}@acme.example" for n in PEOPLE))
        home = self.homes.get(name)
        return None if home is None else RecipientEntry(address, EntryKind.MAILBOX, address, home_server=home)


def store(name, server, sink, **fields):
    homes = (HomeServer(server=server),)
    return SendConnector(id=name, name=name, home_servers=homes, smart_hosts=(f"{sink.host}:{sink.port}",), **fields)


@pytest.fixture
def sinks():
    with Sink() as one, Sink() as two, Sink() as internet:
        yield one, two, internet


def configuration(one, two, internet, **fields):
    out = SendConnector(
        id="out",
        name="Out",
        address_spaces=(AddressSpace(domain="*"),),
        smart_hosts=(f"{internet.host}:{internet.port}",),
    )
    acme = AcceptedDomain(id="acme", name="acme", domain="acme.example", domain_type=DomainType.AUTHORITATIVE)
    stores = store("one", "EX01", one, **fields), store("two", "*02", two)
    return document(accepted_domains=(acme,), send_connectors=(out, *stores))


def recipients(sink, count=1):
    sink.wait_for(count)
    return sorted(sink.recipients)


def test_mail_of_one_domain__goes_to_each_mailboxs_home(tmp_path, sinks):
    with Transport(tmp_path, configuration(*sinks), ports=Ports(recipients=Directory(**PEOPLE))) as transport:
        transport.send("s@x.example", ["all@acme.example"], b"Subject: hello\r\n\r\nhello\r\n")
        one, two, internet = map(recipients, sinks)
        (event,) = [event for event in transport.events() if event.event is EventId.RECEIVE]
    assert (one, two) == (["ann@acme.example"], ["ben@acme.example"])
    assert internet == ["cat@acme.example", "dan@acme.example"]
    told = {tuple(row["recipients"]): row["considered"][0] for row in event.detail["routes"]}
    assert told[("ann@acme.example",)] == ["one", "one", "", "It serves the recipient's home server EX01."]
    assert told[("ben@acme.example",)][3] == "It serves the recipient's home server EX02, by *02."
    assert told[("cat@acme.example",)][3] == "None serves the home server EX07; this one covers acme.example."
    assert told[("dan@acme.example",)] == ["out", "Out", ""]


def test_mailbox_that_moved__next_message_follows_it(tmp_path, sinks):
    people = Directory(ann="EX01")
    with Transport(tmp_path, configuration(*sinks), ports=Ports(recipients=people)) as transport:
        transport.send("s@x.example", ["ann@acme.example"], b"Subject: one\r\n\r\n\r\n")
        assert recipients(sinks[0]) == ["ann@acme.example"]
        people.homes["ann"] = "EX02"
        transport.send("s@x.example", ["ann@acme.example"], b"Subject: two\r\n\r\n\r\n")
        assert recipients(sinks[1]) == ["ann@acme.example"]


def test_other_home_servers_published__queued_mail_is_routed_anew(tmp_path, sinks):
    one, two, internet = sinks
    one.stop()
    before = configuration(*sinks)
    served = {"one": "EX02", "two": "EX01"}
    swapped = [
        one.model_copy(update={"home_servers": (HomeServer(server=served[one.id]),)}) if one.id in served else one
        for one in before.send_connectors
    ]
    with Transport(tmp_path, before, ports=Ports(recipients=Directory(ann="EX01"))) as transport:
        transport.send("s@x.example", ["ann@acme.example"], b"Subject: hello\r\n\r\nhello\r\n")
        has_waited = lambda: any(event.event is EventId.DEFER for event in transport.events())  # noqa: E731
        wait_until(has_waited, what="a first try")
        transport.reload(before.model_copy(update={"send_connectors": tuple(swapped)}))
        assert recipients(two) == ["ann@acme.example"]
    assert not one.received and not internet.received
