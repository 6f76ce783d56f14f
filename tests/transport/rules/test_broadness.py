"""What is broad, for each kind of object: told with its sentence; and what is not, is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.transport.config.documents import SCANNERS
from transport.config.diff import ObjectChange, as_json, model_of
from transport.rules import broad_conditions
from transport.rules.broadness import broadness

OWN = frozenset(("contoso.com",))
NAMED = {"id": "one", "name": "One"}
BCC = {"actions": [{"kind": "BlindCopyTo", "values": ["x@out.example"]}]}
LIST = {"lookup_domain": "wl.example", "ip_addresses_match": ["127.0.0.2"]}


def full(kind: str, given: dict[str, Any]) -> Any:
    base = SCANNERS if kind == "relay_policies" else {} if kind == "organization" else NAMED
    return as_json(model_of(kind).model_validate(base | given))


def told(kind: str, after: dict[str, Any] | None, before: dict[str, Any] | None = None) -> str:
    values = [full(kind, one) if one is not None else None for one in (before, after)]
    return broadness(ObjectChange(kind, "one", *values), OWN)


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
    ("send_connectors", {"home_servers": [{"server": "*"}]},
     "carries the mail of all mailboxes that have a home server"),
    ("receive_connectors", {"proxy_networks": ["0.0.0.0/0"], "remote_ip_ranges": ["10.1.0.0/24"]},
     "believes, about who the client is, all of the broad network 0.0.0.0/0"),
    ("receive_connectors", {"permission_groups": ["ExchangeUsers"], "auth_mechanism": "BasicAuth"},
     "takes passwords in clear"),
    ("receive_connectors", {"permission_groups": ["ExchangeUsers"], "sender_ownership": "none"},
     "lets users who signed in send as anybody"),
    ("receive_connectors", {}, "serves, without signing in, the broad networks 0.0.0.0/0, ::/0"),
    ("relay_policies", {"networks": [], "identities": ["*"]}, "lets everybody who signs in relay anywhere"),
    ("relay_policies", {"identities": ["scan"], "send_as_addresses": ["contoso.com"]},
     "lets its users send as anybody of contoso.com"),
    ("relay_policies", {"identities": ["scan"], "send_as_addresses": ["*"]}, "lets its users send as anybody"),
    ("address_rewriting", {"internal_address": "contoso.com", "external_address": "evil.example"},
     "rewrites every address of contoso.com"),
    ("ip_allow_list_providers", LIST, "lets whoever wl.example lists past every block-list provider"),
    ("ip_block_list_providers", {"lookup_domain": "bl.example", "is_any_match": True},
     "refuses whoever bl.example answers about, whatever the answer"),
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
        ("receive_connectors", {"remote_ip_ranges": ["10.1.0.0/24"]}),
        ("receive_connectors", {"permission_groups": ["ExchangeUsers"]}),
        ("relay_policies", {"identities": ["*"]}),
        ("relay_policies", {"networks": [], "identities": ["*"], "recipient_addresses": ["partner.example"]}),
        ("address_rewriting", {"internal_address": "a@contoso.com", "external_address": "b@contoso.com"}),
        ("ip_allow_list_providers", LIST | {"is_enabled": False}),
        ("ip_block_list_providers", LIST),
        ("ip_block_list_providers", {"lookup_domain": "bl.example", "is_any_match": True, "is_only_told": True}),
        ("recipients", {"address": "a@contoso.com", "forwarding_address": "x@out.example"}),
        ("mail_flow_rules", {"actions": [{"kind": "LogEventText", "text": "x"}]}),
    ],
)
def test_broadness__of_what_is_narrow__says_nothing(kind, after):
    assert told(kind, after) == ""


AUTHORITATIVE = {"domain": "contoso.com", "domain_type": "Authoritative"}
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
        ("organization", {}, {"name": "Contoso"}, False),
        ("approval_rules", {}, None, True),
        ("relay_policies", {"networks": ["10.0.0.0/8"]}, None, False),
    ],
)
def test_broadness__of_an_edit__is_told_where_the_edit_makes_it_so(kind, before, after, is_broad):
    assert bool(told(kind, after, before)) is is_broad


@pytest.mark.parametrize(
    ("condition", "is_broad"),
    [
        ({"kind": "RecipientDomainIs", "values": ["contoso.com"]}, True),
        ({"kind": "SenderDomainIs", "values": ["com"]}, True),
        ({"kind": "SenderDomainIs", "values": ["partner.example"]}, False),
        ({"kind": "SentToScope", "values": ["InOrganization"]}, True),
        ({"kind": "SenderIsAuthenticated", "values": ["Yes"]}, True),
        ({"kind": "ReceiveConnectorIs", "values": ["default"]}, True),
        ({"kind": "MessageSizeOver", "values": ["1 KB"]}, True),
        ({"kind": "MessageSizeOver", "values": ["10 MB"]}, False),
        ({"kind": "WithImportance", "values": ["Normal"]}, True),
        ({"kind": "WithImportance", "values": ["High"]}, False),
        ({"kind": "RecipientAddressMatchesPatterns", "values": ["@contoso\\.com$"]}, True),
        ({"kind": "RecipientAddressContainsWords", "values": ["contoso.com"]}, True),
        ({"kind": "RecipientAddressMatchesPatterns", "values": ["^boss@contoso\\.com$"]}, False),
        ({"kind": "SubjectMatchesPatterns", "values": ["[a-z]|\\d"]}, True),
        ({"kind": "SubjectMatchesPatterns", "values": ["x{0,}"]}, True),
        ({"kind": "SubjectContainsWords", "values": ["invoice"]}, False),
        ({"kind": "SentTo", "values": ["boss@contoso.com"]}, False),
    ],
)
def test_broadness__rule_with_a_condition__is_broad_where_it_fits_much(condition, is_broad):
    said = told("mail_flow_rules", {**BCC, "conditions": [condition]})
    assert said == ("will add x@out.example as Bcc, for all mail or a great part of it" if is_broad else "")


SECRET = {"actions": [{"kind": "RedirectMessageTo", "values": ["eve@evil.example"]}]}
EACH_LETTER = [f"^{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"]


@pytest.mark.parametrize(
    ("kind", "header", "values"),
    [
        ("ADAttributeNotEqual", "", ["UserLogonName"]),
        ("ADAttributeEqual", "", ["Company"]),
        ("RecipientADAttributeContainsWords", "", ["Email:contoso.com"]),
        ("RecipientADAttributeMatchesPatterns", "", ["Email:@contoso"]),
        ("RecipientADAttributeMatchesPatterns", "", ["DisplayName:[aeiou]"]),
        ("RecipientADAttributeContainsWords", "", ["Company:Contoso"]),
        ("SenderADAttributeMatchesPatterns", "", ["Title:boss", "PhoneNumber:\\d"]),
        ("HeaderContainsWords", "Received", ["with"]),
        ("HeaderMatchesPatterns", "Date", ["202[6-9]"]),
        ("HeaderMatchesPatterns", "Message-ID", ["<"]),
        ("HeaderMatchesPatterns", "Message-Id", ["^<[^>]*@"]),
        ("HeaderContainsWords", "To", ["contoso.com"]),
        ("HeaderMatchesPatterns", "From", ["@contoso"]),
        ("HeaderMatchesPatterns", "Return-Path", ["^<"]),
        ("HeaderMatchesPatterns", "Content-Type", ["^(text|multipart)/"]),
        ("HeaderContainsWords", "DKIM-Signature", ["rsa-sha256"]),
        ("HeaderMatchesPatterns", "Subject", ["[^q]"]),
        ("MessageSizeOver", "", ["4 KB"]),
        ("MessageSizeOver", "", ["1023 KB"]),
        ("AttachmentSizeOver", "", ["1 KB"]),
        ("AttachmentNameMatchesPatterns", "", ["\\."]),
        ("AttachmentExtensionMatchesWords", "", ["pdf", "docx", "xlsx", "png", "jpg", "txt", "csv", "doc"]),
        ("SubjectMatchesPatterns", "", ["[a-z]"]),
        ("SubjectMatchesPatterns", "", ["[^0-9]"]),
        ("SubjectMatchesPatterns", "", EACH_LETTER),
        ("SubjectContainsWords", "", ["re", "fwd", "aw", "wg", "your", "the"]),
        ("RecipientAddressMatchesPatterns", "", ["^[a-y0-9]"]),
        ("RecipientAddressMatchesPatterns", "", ["^[a-h].*@contoso\\.com$"]),
        ("RecipientAddressMatchesPatterns", "", EACH_LETTER),
        ("RecipientDomainIs", "", ["co.uk"]),
        ("SenderIPRanges", "", [f"{net}.1.0.0/16" for net in range(1, 200)]),
        ("SentTo", "", [f"p{number}@contoso.com" for number in range(100)]),
    ],
)
def test_broadness__rule_that_takes_nearly_all_mail__is_broad(kind, header, values):
    condition = {"kind": kind, "header": header, "values": values}
    said = told("mail_flow_rules", {**SECRET, "conditions": [condition]})
    assert said == "will redirect the message to eve@evil.example, for all mail or a great part of it"


@pytest.mark.parametrize(
    ("kind", "header", "values"),
    [
        ("RecipientADAttributeContainsWords", "", ["Department:Legal Affairs"]),
        ("RecipientADAttributeContainsWords", "", ["Email:partner.example"]),
        ("RecipientADAttributeMatchesPatterns", "", ["CustomAttribute1:^CC-\\d+$"]),
        ("HeaderContainsWords", "To", ["partner.example"]),
        ("HeaderContainsWords", "From", ["boss@contoso.com"]),
        ("HeaderMatchesPatterns", "Message-ID", ["@bulk\\.partner\\.example>$"]),
        ("HeaderContainsWords", "X-Spam-Flag", ["YES"]),
        ("HeaderContainsWords", "Subject", ["contoso.com"]),
        ("HeaderContainsWords", "Content-Type", ["text/calendar"]),
        ("MessageSizeOver", "", ["1 MB"]),
        ("AttachmentExtensionMatchesWords", "", ["exe", "scr", "js"]),
        ("AttachmentNameMatchesPatterns", "", ["\\.pdf$"]),
        ("SubjectMatchesPatterns", "", ["^\\[secret\\]", "invoice"]),
        ("RecipientAddressMatchesPatterns", "", ["^(info|sales)@contoso\\.com$"]),
        ("RecipientDomainIs", "", ["partner.co.uk"]),
        ("SenderIPRanges", "", [f"10.{net}.0.0/16" for net in range(15)]),
        ("SentToMemberOf", "", ["legal@contoso.com"]),
    ],
)
def test_broadness__rule_that_takes_little_mail__is_not(kind, header, values):
    condition = {"kind": kind, "header": header, "values": values}
    assert told("mail_flow_rules", {**SECRET, "conditions": [condition]}) == ""


def test_broadness__patterns_that_cost_too_much_to_tell__count_as_much(monkeypatch):
    condition = {"kind": "RecipientAddressMatchesPatterns", "values": ["^nobody@contoso\\.com$"]}
    assert told("mail_flow_rules", {**SECRET, "conditions": [condition]}) == ""
    monkeypatch.setattr(broad_conditions, "_STEPS", 1000)
    assert told("mail_flow_rules", {**SECRET, "conditions": [condition]})
