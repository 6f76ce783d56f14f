"""A mailbox whose home server a send connector serves goes that way, before address spaces; each step is told."""

import pytest

from transport.config.document import MailFlow
from transport.config.objects import AcceptedDomain, AddressSpace, DomainType, HomeServer, SendConnector
from transport.model.address import Address, parse_mailbox
from transport.model.next_hop import UNREACHABLE
from transport.ports.recipients import EntryKind, RecipientEntry
from transport.rules.patterns import names_server
from transport.rules.recipients import resolve
from transport.rules.restrictions import Sender
from transport.rules.routing import route
from transport.rules.ruleset import compile_ruleset


def connector(name, *homes, spaces=(), **fields):
    servers = tuple(HomeServer(server=s, cost=c) for s, c in (h if isinstance(h, tuple) else (h, 1) for h in homes))
    covered = tuple(AddressSpace(domain=domain) for domain in spaces)
    return SendConnector(id=name.lower(), name=name, home_servers=servers, address_spaces=covered, **fields)


INTERNET = connector("Internet", spaces=("*",))


def choose(home, *connectors, size=1000, node=""):
    rules = compile_ruleset(MailFlow(send_connectors=(INTERNET, *connectors)), 1, node)
    return route(rules, "acme.example", size_bytes=size, home_server=home)


def told(result):
    return {one.name: one.because for one in result.considered}


def test_route__home_server_that_a_connector_serves__goes_before_the_most_specific_space():
    result = choose("EX01", connector("Exact", spaces=("acme.example",)), connector("Store", "ex01"))
    assert result.chosen.name == "Store"
    assert told(result) == {
        "Store": "It serves the recipient's home server EX01.",
        "Exact": "It does not serve the home server EX01.",
        "Internet": "It does not serve the home server EX01.",
    }
    assert result.rows[0] == ["store", "Store", "", "It serves the recipient's home server EX01."]


def test_route__name_before_pattern_and_of_patterns_the_longer():
    everything, some, one = connector("All", "*"), connector("Some", "EX*"), connector("One", ("EX01", 100))
    result = choose("EX01", everything, some, one)
    assert result.chosen.name == "One"
    assert told(result)["Some"] == "Its home server EX* is less specific than EX01."
    result = choose("EX02", everything, some, one)
    assert told(result)["Some"] == "It serves the recipient's home server EX02, by EX*."
    assert choose("OLD", everything, some, one).chosen.name == "All"


def test_route__two_serve_it_alike__cheaper_then_name():
    result = choose("EX01", connector("A", ("EX01", 5)), connector("B", "EX01"))
    assert (result.chosen.name, told(result)["A"]) == ("B", "Its cost 5 is higher than 1.")
    result = choose("EX01", connector("B", "EX01"), connector("A", "EX01"))
    assert (result.chosen.name, told(result)["B"]) == ("A", "'A' comes first by name.")


def test_route__home_server_that_nobody_serves__goes_by_address_space_and_says_why():
    result = choose("EX07", connector("Store", "EX01"))
    assert told(result) == {
        "Internet": "None serves the home server EX07; this one covers acme.example.",
        "Store": "No address space covers acme.example.",
    }


@pytest.mark.parametrize(("fields", "because"), [
    ({"is_enabled": False}, "It is disabled."),
    ({"source_transport_servers": ("edge-1",)}, "It is out of scope on edge-2: only edge-1 may use it."),
    ({"max_message_size": "1 KB"}, "The message is larger than its limit of 1 KB."),
])  # fmt: skip
def test_route__those_that_serve_it_cannot_take_it__goes_by_address_space(fields, because):
    result = choose("EX01", connector("Store", "EX01", **fields), size=2000, node="edge-2")
    assert result.chosen.name == "Internet" and not result.is_too_large
    assert told(result) == {
        "Internet": "No connector that serves the home server EX01 can take it; this one covers acme.example.",
        "Store": because,
    }


def test_route__too_large_for_the_only_one_that_serves_it__says_so():
    rules = compile_ruleset(MailFlow(send_connectors=(connector("Store", "EX01", max_message_size="1 KB"),)))
    result = route(rules, "acme.example", size_bytes=2000, home_server="EX01")
    assert result.next_hop == UNREACHABLE and result.is_too_large and result.chosen is None
    assert not route(rules, "acme.example", size_bytes=2000).is_too_large


def test_route__is_remembered_by_home_server_and_not_by_domain_alone():
    store = connector("Store", "EX01")
    rules = compile_ruleset(MailFlow(send_connectors=(INTERNET, store)))
    names = [
        route(rules, "acme.example", size_bytes=1, home_server=home).chosen.name
        for home in ("EX01", "", "EX02", "EX01")
    ]
    assert names == ["Store", "Internet", "Internet", "Store"]


def test_route__no_connector_lists_home_servers__they_change_nothing():
    rules = compile_ruleset(MailFlow(send_connectors=(INTERNET,)))
    assert route(rules, "a.example", size_bytes=1, home_server="EX01") is route(rules, "a.example", size_bytes=1)


@pytest.mark.parametrize(("pattern", "name", "is_named"), [
    ("EX01", "ex01", True), ("EX01", "EX011", False), ("*", "", True), ("EX*", "ex", True), ("*01", "EX01", True),
    ("E*1*2", "EX102", True), ("E*12*2", "EX12", False), ("ab*ba", "aba", False), ("*B*A*", "AB", False),
    ("EX[0-9]*", "EX1", False), ("*x*x*x*x*x*y", "x" * 250, False),
])  # fmt: skip
def test_names_server__star_stands_for_any_letters_and_nothing_else_does(pattern, name, is_named):
    assert names_server(pattern, name) is is_named


def mailbox(name, domain="acme.example", **fields):
    address = f"{name}@{domain}"
    return RecipientEntry(address, EntryKind.MAILBOX, fields.pop("primary", address), home_server="EX01", **fields)


def homes(entry, *connectors, kind=DomainType.AUTHORITATIVE):
    domain = AcceptedDomain(id="acme", name="acme", domain="acme.example", domain_type=kind)
    document = MailFlow(accepted_domains=(domain,), send_connectors=connectors or (connector("Store", "EX01"),))

    class Directory:
        def find(self, address):
            return entry if address == entry.address else None

    sender = Sender(Address("s", "x.example"), is_authenticated=False)
    found = resolve(compile_ruleset(document), parse_mailbox(entry.address), Directory(), sender=sender, size_bytes=1)
    return {str(one.address): one.home_server for one in found.deliveries}


@pytest.mark.parametrize("kind", [DomainType.AUTHORITATIVE, DomainType.INTERNAL_RELAY])
def test_resolve__mailbox_of_our_own_domain__has_the_home_that_the_directory_says(kind):
    assert homes(mailbox("a"), kind=kind) == {"a@acme.example": "EX01"}
    assert homes(mailbox("old", primary="a@acme.example"), kind=kind) == {"a@acme.example": "EX01"}


def test_resolve__who_is_elsewhere__has_no_home():
    assert homes(mailbox("a"), kind=DomainType.EXTERNAL_RELAY) == {"a@acme.example": ""}
    assert homes(mailbox("a", primary="a@else.example")) == {"a@else.example": ""}
    assert homes(mailbox("a", forward_to="a@cloud.example")) == {"a@cloud.example": ""}
    both = mailbox("a", forward_to="b@cloud.example", deliver_and_forward=True)
    assert homes(both) == {"a@acme.example": "EX01", "b@cloud.example": ""}
    contact = RecipientEntry("c@acme.example", EntryKind.CONTACT, "c@acme.example", home_server="EX01")
    assert homes(contact) == {"c@acme.example": ""}


def test_resolve__nobody_asks_for_homes__none_is_told():
    assert homes(mailbox("a"), INTERNET) == {"a@acme.example": ""}
