"""What is broad, for each kind of object: told with its sentence; and what is not, is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.transport.config.documents import SCANNERS
from transport.config.diff import ObjectChange, as_json, model_of
from transport.rules.broad_conditions import Measure
from transport.rules.broadness import broadness

OWN = frozenset(("contoso.com",))
NAMED = {"id": "one", "name": "One"}
BCC = {"actions": [{"kind": "BlindCopyTo", "values": ["x@out.example"]}]}
STAFF = [f"p{number}@contoso.com" for number in range(24)]
ACCOUNT = {"username": "app", "password_secret": "app", "owner": "IT", "purpose": "Sends"}
LIST = {"lookup_domain": "wl.example", "ip_addresses_match": ["127.0.0.2"]}


def full(kind: str, given: dict[str, Any]) -> Any:
    base = SCANNERS if kind == "relay_policies" else {} if kind == "organization" else NAMED
    return as_json(model_of(kind).model_validate(base | given))


def told(kind: str, after: dict[str, Any] | None, before: dict[str, Any] | None = None) -> str:
    values = [full(kind, one) if one is not None else None for one in (before, after)]
    return broadness(ObjectChange(kind, "one", *values), Measure(OWN))


BROAD: list[tuple[str, dict[str, Any], str]] = [
    ("accepted_domains", {"domain": "com", "match_subdomains": True, "domain_type": "Authoritative"},
     "takes mail for everything below com"),
    ("accepted_domains", {"domain": "co.uk", "match_subdomains": True, "domain_type": "Authoritative"},
     "takes mail for everything below co.uk"),
    ("accepted_domains", {"domain": "gmail.com", "domain_type": "ExternalRelay"},
     "relays for somebody else's domain: mail to anyone at gmail.com is taken and passed on"),
    ("accepted_domains", {"domain": "gmail.com", "domain_type": "InternalRelay"},
     "passes on mail to anyone at gmail.com, whether known or not"),
    ("accepted_domains",
     {"domain": "contoso.com", "domain_type": "Authoritative", "catch_all_address": "x@out.example"},
     "sends what comes for unknown recipients of contoso.com to x@out.example"),
    ("remote_domains", {"domain": "*"}, "holds for every domain that is not ours"),
    ("remote_domains", {"domain": "*.com"}, "holds for every domain that ends in .com"),
    ("send_connectors", {"address_spaces": [{"domain": "*"}], "smart_hosts": ["mx.evil.example"]},
     "carries mail to every domain that no other carries"),
    ("send_connectors", {"address_spaces": [{"domain": "*.com"}]},
     "carries mail to every domain that ends in .com and that no other carries"),
    ("send_connectors", {"address_spaces": [{"domain": "Contoso.com"}], "smart_hosts": ["evil.example"]},
     "carries mail to anyone at contoso.com, a domain of ours"),
    ("send_connectors", {"address_spaces": [{"domain": "partner.example"}, {"domain": "*.contoso.com"}]},
     "carries mail to anyone at contoso.com, a domain of ours"),
    ("send_connectors", {"home_servers": [{"server": "e*"}], "smart_hosts": ["evil.example"]},
     "carries the mail of all mailboxes whose home server is e*"),
    ("send_connectors", {"home_servers": [{"server": "EX01"}]},
     "carries the mail of all mailboxes whose home server is EX01"),
    ("send_connectors", {"home_servers": [{"server": "*"}]},
     "carries the mail of all mailboxes that have a home server"),
    ("receive_connectors", {"proxy_networks": ["0.0.0.0/0"], "remote_ip_ranges": ["10.1.0.0/24"]},
     "believes, about who the client is, all of the broad network 0.0.0.0/0"),
    ("receive_connectors", {"permission_groups": ["ExchangeUsers"], "auth_mechanism": "BasicAuth"},
     "takes passwords in clear"),
    ("receive_connectors", {"permission_groups": ["ExchangeUsers"], "sender_ownership": "none"},
     "lets users who signed in send as anybody"),
    ("receive_connectors", {"permission_groups": ["ExchangeUsers"], "sender_ownership": "envelope"},
     "lets users who signed in write anybody's address in the From field"),
    ("receive_connectors", {"remote_ip_ranges": [f"{one}.{two}.0.0/16" for one in (5, 9, 11) for two in range(199)]},
     "serves, without signing in, 597 networks that are broad together"),
    ("receive_connectors", {"proxy_networks": [f"10.{second}.0.0/16" for second in range(16)]},
     "believes, about who the client is, all of 16 networks that are broad together"),
    ("receive_connectors", {}, "serves, without signing in, the broad networks 0.0.0.0/0, ::/0"),
    ("relay_policies", {"networks": [], "identities": ["*"]}, "lets everybody who signs in relay anywhere"),
    ("relay_policies", {"identities": ["scan"], "send_as_addresses": ["contoso.com"]},
     "lets its users send as anybody of contoso.com"),
    ("relay_policies", {"networks": [f"10.{second}.0.0/16" for second in range(16)]},
     "admits 16 networks that are broad together"),
    ("relay_policies", {"identities": ["scan"], "send_as_addresses": ["*.contoso.com"]},
     "lets its users send as anybody of *.contoso.com"),
    ("relay_policies", {"identities": ["scan"], "send_as_addresses": [*STAFF, "x@contoso.com"]},
     "lets its users send as 25 others"),
    ("relay_policies", {"networks": [], "identities": ["*"], "send_as_addresses": ["boss@contoso.com"]},
     "lets everybody who signs in send as boss@contoso.com"),
    ("relay_policies", {"networks": [], "client_certificates": ["C=US; ST=Utah"]},
     "lets whoever has a certificate of C=US; ST=Utah relay anywhere"),
    ("relay_policies", {"client_certificates": ["C=US"], "identity_match": "any"},
     "lets whoever has a certificate of C=US relay anywhere"),
    ("relay_policies", {"identities": ["scan"], "send_as_addresses": ["*"]}, "lets its users send as anybody"),
    ("address_rewriting", {"internal_address": "contoso.com", "external_address": "evil.example"},
     "rewrites every address of contoso.com"),
    ("ip_allow_list_providers", LIST, "lets whoever wl.example lists past every block-list provider"),
    ("ip_block_list_providers", {"lookup_domain": "bl.example", "is_any_match": True},
     "refuses whoever bl.example answers about, whatever the answer"),
    ("ip_block_list_providers", {"lookup_domain": "bl.example", "bitmask_match": "127.0.0.0"},
     "refuses whoever bl.example answers about, whatever the answer"),
    ("recipients", {"address": "x@contoso.com", "aliases": STAFF, "forwarding_address": "eve@evil.example"},
     "takes the mail for 25 addresses"),
    ("distribution_groups", {"address": "x@contoso.com", "aliases": STAFF, "members": ["eve@evil.example"]},
     "takes the mail for 25 addresses"),
    ("service_accounts", ACCOUNT | {"addresses": [*STAFF, "x@contoso.com"]}, "may send as 25 addresses"),
    ("mail_flow_rules", {"actions": [{"kind": "NotifySender", "text": "hello"}]},
     "will tell the sender “hello”, whatever message it is"),
    ("mail_flow_rules",
     {"actions": [{"kind": "LogEventText", "text": "x"}], "stop_rule_processing": True},
     "keeps the rules after it from being asked, whatever message it is"),
    ("approval_rules", {}, "says who has to agree to changes"),
    ("reviewer_groups", {"members": ["ann"]}, "says who has to agree to changes"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "after", "sentence"), BROAD)
def test_broadness__of_each_kind__says_why(kind, after, sentence):
    assert told(kind, after) == sentence


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("accepted_domains", {"domain": "contoso.com", "domain_type": "Authoritative", "match_subdomains": True}),
        ("remote_domains", {"domain": "*.partner.example"}),
        ("send_connectors", {"address_spaces": [{"domain": "*"}], "is_enabled": False}),
        ("send_connectors", {"address_spaces": [{"domain": "partner.example"}]}),
        ("send_connectors", {"address_spaces": [{"domain": "lists.contoso.com"}]}),
        ("send_connectors", {"address_spaces": [{"domain": "contoso.com"}], "is_enabled": False}),
        ("receive_connectors", {"remote_ip_ranges": ["10.1.0.0/24"]}),
        ("receive_connectors", {"permission_groups": ["ExchangeUsers"]}),
        ("relay_policies", {"identities": ["*"]}),
        ("relay_policies", {"networks": [], "identities": ["*"], "recipient_addresses": ["partner.example"]}),
        ("relay_policies", {"networks": [], "client_certificates": ["CN=scanner-1; C=US"]}),
        ("relay_policies", {"client_certificates": ["C=US"]}),
        ("relay_policies", {"identities": ["*"], "send_as_addresses": ["info@contoso.com"]}),
        ("relay_policies", {"identities": ["scan"], "send_as_addresses": STAFF}),
        ("address_rewriting", {"internal_address": "a@contoso.com", "external_address": "b@contoso.com"}),
        ("ip_allow_list_providers", LIST | {"is_enabled": False}),
        ("ip_block_list_providers", LIST),
        ("ip_block_list_providers", {"lookup_domain": "bl.example", "is_any_match": True, "is_only_told": True}),
        ("recipients", {"address": "a@contoso.com", "forwarding_address": "x@out.example"}),
        ("recipients", {"address": "x@contoso.com", "aliases": STAFF[1:]}),
        ("service_accounts", ACCOUNT | {"addresses": STAFF}),
        ("ip_block_list_providers", {"lookup_domain": "bl.example", "bitmask_match": "127.0.0.4"}),
        ("mail_flow_rules", {"actions": [{"kind": "LogEventText", "text": "x"}]}),
    ],
)
def test_broadness__of_what_is_narrow__says_nothing(kind, after):
    assert told(kind, after) == ""


AUTHORITATIVE = {"domain": "contoso.com", "domain_type": "Authoritative"}
TO_US = {"address_spaces": [{"domain": "contoso.com"}], "smart_hosts": ["mail.contoso.com"]}
RELAYED = {"domain": "contoso.com", "domain_type": "InternalRelay"}


@pytest.mark.parametrize(
    ("kind", "before", "after", "is_broad"),
    [
        ("accepted_domains", AUTHORITATIVE, RELAYED, True),
        ("accepted_domains", RELAYED, RELAYED | {"match_subdomains": True}, True),
        ("accepted_domains", RELAYED, RELAYED | {"comment": "ours"}, False),
        ("accepted_domains", RELAYED, AUTHORITATIVE, False),
        ("receive_connectors", {}, {"banner": "Hello"}, False),
        ("receive_connectors", {"is_enabled": False}, {}, True),
        ("organization", {"is_pickup_enabled": False}, {}, True),
        ("organization", {}, {"message_expiration_timeout": "10m"}, True),
        ("organization", {}, {"max_failed_logons_per_account": None}, True),
        ("organization", {}, {"max_failed_logons_per_account": 1001}, True),
        ("organization", {}, {"max_failed_logons_per_network": 2000}, True),
        ("organization", {}, {"max_failed_logons_per_network": 1000}, False),
        ("organization", {}, {"failed_logon_window": "60s", "max_failed_logons_per_network": 100}, True),
        ("organization", {"max_failed_logons_per_account": None}, {"max_failed_logons_per_account": 2000}, False),
        ("organization", {}, {"name": "Contoso"}, False),
        ("organization", {}, {"internal_smtp_servers": ["10.0.0.0/8"]}, True),
        ("organization", {"internal_smtp_servers": ["10.0.0.0/8"]}, {"internal_smtp_servers": ["10.0.0.0/8"]}, False),
        ("organization", {}, {"internal_smtp_servers": ["10.0.0.5"]}, False),
        ("send_connectors", TO_US, TO_US | {"comment": "ours"}, False),
        ("send_connectors", TO_US, TO_US | {"smart_hosts": ["evil.example"]}, True),
        ("send_connectors", TO_US | {"is_enabled": False}, TO_US, True),
        ("approval_rules", {}, None, True),
        ("relay_policies", {"networks": ["10.0.0.0/8"]}, None, False),
    ],
)
def test_broadness__of_an_edit__is_told_where_the_edit_makes_it_so(kind, before, after, is_broad):
    assert bool(told(kind, after, before)) is is_broad
