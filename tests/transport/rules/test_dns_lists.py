"""Lists in DNS: what is asked, which answers count, and that what can't be told is neither yes nor no."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.support.listener import mail_flow
from transport.config.objects import AllowListProvider, BlockListProvider
from transport.model.address import parse_mailbox
from transport.model.verdict import Action, Answer
from transport.rules import dns_lists

PEER = "9.9.9.9"
TO = parse_mailbox("bob@acme.example")


def provider(**fields):
    given = {"id": "bl", "name": "BL", "lookup_domain": "bl.example", "is_any_match": True}
    return BlockListProvider.model_validate(given | fields)


def allow(**fields):
    given = {"id": "al", "name": "AL", "lookup_domain": "al.example", "is_any_match": True}
    return AllowListProvider.model_validate(given | fields)


def verdict(*answers, to=TO):
    """Each provider with the addresses that it answered."""
    kinds = {
        "ip_block_list_providers": [one for one, _ in answers if isinstance(one, BlockListProvider)],
        "ip_allow_list_providers": [one for one, _ in answers if isinstance(one, AllowListProvider)],
    }
    providers = dns_lists.ListProviders(mail_flow(**kinds))
    said = {one.id: codes for one, codes in answers}
    listings = [dns_lists.listing(one, said[one.id]) for one in providers.providers]
    return dns_lists.verdict(providers, listings, PEER, to)


def test_query_name__of_both_versions__is_as_rfc_5782_says():
    assert dns_lists.query_name("192.0.2.99", "bl.example") == "99.2.0.192.bl.example"
    name = dns_lists.query_name("2001:db8:1:2:3:4:567:89ab", "ugly.example.com")
    assert name == "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example.com"


@pytest.mark.parametrize(
    ("fields", "codes", "answer"),
    [
        ({}, ["127.0.0.2"], Answer.YES),
        ({}, [], Answer.NO),
        ({"is_any_match": False, "ip_addresses_match": ["127.0.0.4"]}, ["127.0.0.2"], Answer.NO),
        ({"is_any_match": False, "ip_addresses_match": ["127.0.0.4"]}, ["127.0.0.2", "127.0.0.4"], Answer.YES),
        ({"is_any_match": False, "bitmask_match": "127.0.0.6"}, ["127.0.0.7"], Answer.YES),
        ({"is_any_match": False, "bitmask_match": "127.0.0.6"}, ["127.0.0.4"], Answer.NO),
        ({}, ["192.0.2.1"], Answer.CANNOT_TELL),
        ({}, ["127.255.255.254"], Answer.CANNOT_TELL),
    ],
)
def test_listing__answers__count_as_the_provider_says(fields, codes, answer):
    assert dns_lists.listing(provider(**fields), codes).answer is answer


def test_verdict__listed__is_refused_with_the_providers_words():
    refused, steps = verdict((provider(rejection_response="%0 is on %1 (%2)"), ["127.0.0.2"]))
    assert str(refused.reply) == "550 5.7.1 9.9.9.9 is on BL (bl.example)"
    assert steps[0].row[:4] == ["ip_block_list_providers", "bl", "BL", "yes"]
    assert "127.0.0.2" in refused.reason


def test_verdict__bypassed_recipient_or_only_told__passes_and_is_told():
    bypassed = provider(bypassed_recipients=["postmaster@acme.example"])
    assert verdict((bypassed, ["127.0.0.2"]), to=parse_mailbox("postmaster@acme.example"))[0] is None
    assert verdict((bypassed, ["127.0.0.2"]))[0] is not None
    passed, steps = verdict((provider(is_only_told=True), ["127.0.0.2"]))
    assert passed is None and steps[0].answer is Answer.YES and "only told" in steps[0].because


def test_verdict__allow_list_has_the_client__wins():
    assert verdict((provider(), ["127.0.0.2"]), (allow(), ["127.0.0.1"]))[0] is None
    assert verdict((provider(), ["127.0.0.2"]), (allow(), []))[0] is not None


def test_verdict__allow_list_cannot_tell__block_list_refuses_for_now_and_not_for_good():
    refused, steps = verdict((provider(), ["127.0.0.2"]), (allow(), ["192.0.2.1"]))
    assert refused.reply is dns_lists.NOT_NOW and refused.action is Action.DEFER
    assert [step.answer for step in steps] == [Answer.CANNOT_TELL, Answer.YES] and refused.trail == steps
    assert "AL can't tell" in refused.reason and "al.example answered 192.0.2.1" in refused.reason
    second = allow(id="al2", name="AL2", lookup_domain="al2.example", priority=9)
    unknown = (allow(), ["192.0.2.1"])
    assert verdict((provider(), ["127.0.0.2"]), unknown, (second, []))[0].action is Action.DEFER
    assert verdict((provider(), ["127.0.0.2"]), unknown, (second, ["127.0.0.2"]))[0] is None
    assert verdict((provider(), []), unknown)[0] is None


def test_verdict__cannot_tell__is_the_providers_setting():
    assert verdict((provider(), ["192.0.2.1"]))[0] is None
    deferred, _ = verdict((provider(if_unavailable="defer"), ["192.0.2.1"]))
    assert deferred.reply.code == 451


def test_providers__disabled_or_only_allow_lists__ask_nothing():
    assert not dns_lists.ListProviders(mail_flow(ip_block_list_providers=[provider(is_enabled=False)]))
    assert not dns_lists.ListProviders(mail_flow(ip_allow_list_providers=[allow()]))


@pytest.mark.parametrize("peer", ["10.1.2.3", "127.0.0.1", "192.168.1.1", "fe80::1", "fd00::1", "no address"])
def test_peer__that_no_list_knows__is_not_asked_about(peer):
    assert not dns_lists.is_asked_about(peer)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"is_any_match": False}, "which answers count"),
        ({"ip_addresses_match": ["192.0.2.1"]}, "no answer of a list"),
        ({"bitmask_match": "10.0.0.1"}, "no answer of a list"),
        ({"rejection_response": "schön"}, "plain ASCII"),
        ({"rejection_response": ""}, "plain ASCII"),
    ],
)
def test_provider__that_makes_no_sense__is_refused(fields, words):
    with pytest.raises(ValidationError, match=words):
        provider(**fields)
