"""Send connector selection is Exchange's, and each loser is told why."""

import pytest

from transport.config.document import MailFlow
from transport.config.objects import AddressSpace, SendConnector
from transport.model.next_hop import UNREACHABLE, DeliveryType, NextHop
from transport.rules.routing import route, waiving_tls
from transport.rules.ruleset import compile_ruleset


def connector(name, *spaces, **fields):
    address_spaces = tuple(
        AddressSpace(domain=d, cost=c) for d, c in (s if isinstance(s, tuple) else (s, 1) for s in spaces)
    )
    return SendConnector(id=name.lower(), name=name, address_spaces=address_spaces, **fields)


def choose(domain, *connectors, size=1000):
    return route(compile_ruleset(MailFlow(send_connectors=connectors)), domain, size_bytes=size)


def why(result):
    return {c.name: c.eliminated_because for c in result.considered}


def test_route__most_specific_wins_over_cost_and_name():
    result = choose(
        "eu.acme.example", connector("All", "*"), connector("Tree", ("*.acme.example", 50)), connector("A", "*")
    )
    assert result.next_hop.connector_id == "tree"
    assert why(result)["All"] == "Its address space * is less specific than *.acme.example."


def test_route__out_of_scope__is_told_and_another_takes_it():
    flow = MailFlow(send_connectors=(connector("A", "*", source_transport_servers=("edge-1",)), connector("B", "*")))
    here = route(compile_ruleset(flow, 1, "edge-2"), "x.example", size_bytes=1)
    assert here.next_hop.connector_id == "b"
    assert why(here)["A"] == "It is out of scope on edge-2: only edge-1 may use it."
    assert route(compile_ruleset(flow, 1, "edge-1"), "x.example", size_bytes=1).next_hop.connector_id == "a"
    assert route(compile_ruleset(flow, 1), "x.example", size_bytes=1).next_hop.connector_id == "a"


@pytest.mark.parametrize(("fields", "is_waived"), [
    ({}, True), ({"is_tls_required_no_honoured": False}, False), ({"is_mta_sts_enabled": False}, False),
    ({"smart_hosts": ("10.0.0.1",)}, False),
])  # fmt: skip
def test_waiving_tls__only_where_a_policy_would_be_asked_and_the_connector_lets(fields, is_waived):
    rules = compile_ruleset(MailFlow(send_connectors=(connector("A", "*", **fields),)))
    hop = waiving_tls(rules, route(rules, "x.example", size_bytes=1).next_hop)
    assert (hop.delivery_type is DeliveryType.DNS_CONNECTOR_TLS_WAIVED) is is_waived
    assert waiving_tls(rules, UNREACHABLE) == UNREACHABLE


def test_route__exact_name_wins_over_its_own_tree():
    result = choose("acme.example", connector("Tree", "*.acme.example"), connector("Xact", ("acme.example", 9)))
    assert result.next_hop.connector_id == "xact"


def test_route__deeper_tree_wins_over_shallower():
    result = choose("a.eu.acme.example", connector("A", "*.acme.example"), connector("B", ("*.eu.acme.example", 9)))
    assert result.next_hop.connector_id == "b"


def test_route__same_space__cheaper_then_name():
    assert choose("x.example", connector("A", ("*", 5)), connector("B", "*")).next_hop.connector_id == "b"
    result = choose("x.example", connector("B", "*"), connector("A", "*"))
    assert result.next_hop.connector_id == "a"
    assert why(result)["B"] == "'A' comes first by name."


def test_route__disabled_and_too_small__are_eliminated_first():
    small = connector("Small", "acme.example", max_message_size="1 KB")
    off = connector("Off", "acme.example", is_enabled=False)
    result = choose("acme.example", small, off, connector("All", "*"), size=2000)
    assert result.next_hop.connector_id == "all"
    assert why(result)["Small"] == "The message is larger than its limit of 1 KB."
    assert why(result)["Off"] == "It is disabled."


def test_route__too_large_for_all__says_so():
    result = choose("acme.example", connector("Small", "*", max_message_size="1 KB"), size=2000)
    assert result.next_hop == UNREACHABLE and result.is_too_large


def test_route__nothing_covers__is_unreachable():
    result = choose("acme.example", connector("Other", "*.other.example"))
    assert result.next_hop == UNREACHABLE and not result.is_too_large
    assert why(result) == {"Other": "No address space covers acme.example."}


def test_route__exact_space__does_not_cover_subdomains_or_lookalikes():
    for domain in ("eu.acme.example", "evilacme.example"):
        assert choose(domain, connector("X", "acme.example")).next_hop == UNREACHABLE
    assert choose("evilacme.example", connector("X", "*.acme.example")).next_hop == UNREACHABLE


def test_route__smart_hosts__share_one_queue_and_dns_has_one_for_each_domain():
    smart = connector("S", "*", smart_hosts=("mx.acme.example:2525", "[::1]"))
    assert choose("a.example", smart).next_hop == choose("b.example", smart).next_hop
    assert choose("a.example", smart).next_hop == NextHop(
        DeliveryType.SMART_HOST_CONNECTOR, "mx.acme.example:2525,[::1]", "s"
    )
    assert choose("a.example", connector("D", "*")).next_hop == NextHop(DeliveryType.DNS_CONNECTOR, "a.example", "d")


def test_next_hop__text_form__reads_back():
    hop = NextHop(DeliveryType.SMART_HOST_CONNECTOR, "[::1]:25,a.example", "s")
    assert NextHop.parse(str(hop)) == hop
