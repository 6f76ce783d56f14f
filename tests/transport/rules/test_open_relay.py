"""A stranger tries the rules: whoever gets through is found, whatever sender it forges and whenever it comes."""

import pytest

from transport.config.document import initial_document
from transport.config.objects import AcceptedDomain, RelayPolicy
from transport.rules.open_relay import find_openings

NOW = 1_800_000_000.0
GATEWAY = "172.17.0.1"


def policy(number, fields):
    return RelayPolicy(**{"id": f"p{number}", "name": f"P{number}", "owner": "IT", "purpose": "x"} | fields)


def openings(*given, own_peers=(), **sections):
    policies = tuple(policy(number, fields) for number, fields in enumerate(given))
    document = initial_document().model_copy(update={"relay_policies": policies} | sections)
    return find_openings(document, own_peers=own_peers, now=NOW)


@pytest.mark.parametrize(
    "opened",
    [
        {"networks": ("0.0.0.0/0",)},
        {"networks": ("::/0",)},
        {"networks": ("128.0.0.0/1",)},
        {"networks": ("0.0.0.0/0",), "sender_addresses": ("*.acme.example",)},
        {"networks": ("0.0.0.0/0",), "sender_addresses": ("boss@acme.example",)},
        {"networks": ("0.0.0.0/0",), "recipient_addresses": ("*.com",)},
        {"networks": ("0.0.0.0/0",), "is_tls_required": True},
        {"networks": ("0.0.0.0/0",), "time_windows": ("Mon 03:00-03:01",)},
        {"networks": ("0.0.0.0/0",), "identities": ("app",), "identity_match": "any"},
        {"networks": ("0.0.0.0/0",), "max_messages_per_day": 1},
    ],
)
def test_find_openings__a_stranger_gets_through__names_the_policy(opened):
    (found,) = openings({"networks": ("0.0.0.0/0",), "recipient_addresses": ("partner.example",)}, opened)
    assert found.policy_id == "p1" and not found.is_own and not found.is_meant
    assert found.sentence.endswith("may relay anywhere, without signing in: P1 lets them.")


@pytest.mark.parametrize(
    "closed",
    [
        {"networks": ("10.0.0.0/8",)},
        {"networks": ("0.0.0.0/0",), "recipient_addresses": ("partner.example", "*.partner.example")},
        {"networks": ("0.0.0.0/0",), "identities": ("*",)},
        {"networks": ("0.0.0.0/0",), "client_certificates": ("CN=scanner",)},
        {"networks": ("0.0.0.0/0",), "is_enabled": False},
        {"identities": ("*",)},
    ],
)
def test_find_openings__narrow_or_asking_for_proof__finds_none(closed):
    assert openings(closed) == ()


def test_find_openings__one_that_is_meant__says_so():
    (found,) = openings({"networks": ("0.0.0.0/0",), "is_broad_override": True})
    assert found.is_meant


def test_find_openings__gateway_that_strangers_share__is_found():
    shared = {"networks": ("172.16.0.0/12",)}
    assert openings(shared) == ()
    (found,) = openings(shared, own_peers=(GATEWAY,))
    assert found.is_own and found.sentence.startswith(f"Whoever reaches this node through {GATEWAY}")
    assert len(openings({"networks": ("0.0.0.0/0",)}, own_peers=(GATEWAY,))) == 1


def test_find_openings__connector_that_does_not_serve_strangers__is_none():
    served = tuple(
        connector.model_copy(update={"remote_ip_ranges": ("10.0.0.0/8",)})
        for connector in initial_document().receive_connectors
    )
    assert openings({"networks": ("0.0.0.0/0",)}, receive_connectors=served) == ()


def test_find_openings__mail_for_accepted_domains__is_no_relay():
    domain = AcceptedDomain(id="a", name="a", domain="com", match_subdomains=True)
    assert openings(accepted_domains=(domain,)) == ()
