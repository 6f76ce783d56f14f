"""Exports of Exchange become our objects, with as few rights as will do; what has no counterpart is told."""

from __future__ import annotations

import json

import pytest

from mailconsole.imports.exchange.importer import import_exchange
from mailconsole.imports.refusals import UnreadableFile
from mailconsole.imports.report import Fate
from tests.mailconsole.imports.kit import said, source
from transport.config.document import MailFlow, initial_document
from transport.config.objects import DomainType, PermissionGroup, TlsLevel, TlsMode
from transport.config.types import MB


def imported(*sources, onto=None):
    return import_exchange(sources, onto=onto or initial_document(), owner="Postmasters")


def of(items):
    return {item.name: item for item in items}


def test_receive__default_frontend__takes_the_place_of_ours_and_tells_what_is_left_out():
    done = imported(source("receive.xml"))
    connectors = of(done.document.receive_connectors)
    default = connectors["Default Frontend"]
    assert set(connectors) == {"Default Frontend", "Scanners", "Client"}
    assert (default.id, default.bindings) == ("default", ("smtp",))
    assert default.remote_ip_ranges == ("::/0", "0.0.0.0/0")
    assert (default.fqdn, default.max_message_size, default.tls_mode) == ("ex1.contoso.com", 36 * MB, TlsMode.OFFERED)
    assert default.permission_groups == (PermissionGroup.ANONYMOUS_USERS,)
    name = "EX1\\Default Frontend EX1"
    assert said(done.report, name, "LongAddressesEnabled")[0][0] is Fate.LEFT_OUT
    assert said(done.report, name, "SomethingNew") == [(Fate.LEFT_OUT, "Not known to this import.")]
    assert any(fate is Fate.LEFT_OUT and "NTLM" in note for fate, note in said(done.report, name, "AuthMechanism"))


def test_receive__connector_between_exchanges_own_services__is_left_out():
    done = imported(source("receive.xml"))
    assert said(done.report, "EX1\\Default EX1", "")[0][0] is Fate.LEFT_OUT
    assert not done.document.relay_policies  # its ExchangeUsers are nobody's


def test_receive__the_same_on_a_second_server__is_one_and_differences_are_told():
    text = source("receive.xml").text
    second = source(
        "second.xml", text.replace("EX1", "EX2").replace("36 MB (37,748,736 bytes)", "10 MB (10,485,760 bytes)")
    )
    done = imported(source("receive.xml"), second)
    assert len(done.document.receive_connectors) == 3
    assert said(done.report, "EX2\\Default Frontend EX2", "max_message_size")[0][0] is Fate.LEFT_OUT


def test_relay__right_of_anonymous__becomes_a_policy_for_its_ranges():
    done = imported(source("receive.xml"), source("rights.csv"))
    (policy,) = done.document.relay_policies
    assert policy.networks == ("10.1.2.0/24", "10.1.3.1-10.1.3.9", "10.1.4.7")
    assert (policy.name, policy.owner, policy.is_enabled) == ("Scanners relay", "Postmasters", True)
    assert "ANONYMOUS LOGON" in policy.comment


def test_relay__right_that_is_denied_too__makes_no_policy():
    rights = source("rights.csv").text
    denied = [*rights.splitlines()[1:3], rights.splitlines()[2].replace("False", "True")]
    done = imported(source("receive.xml"), source("rights.csv", "\n".join(denied)))
    assert not done.document.relay_policies
    assert "denied" in said(done.report, "EX1\\Scanners", "Accept-Any-Recipient")[0][1]


@pytest.mark.parametrize(("given", "is_enabled", "is_tls"), [({"Enabled": False}, False, False),
                                                             ({"RequireTLS": True}, True, True)])  # fmt: skip
def test_relay__connector_disabled_or_with_tls__so_is_its_policy(given: dict, is_enabled: bool, is_tls: bool):
    apps = {"Name": "Apps", "RemoteIPRanges": ["10.7.0.0/24"], "AuthMechanism": 33, "Bindings": ["0.0.0.0:26"]}
    (policy,) = imported(source("apps.json", json.dumps(apps | given))).document.relay_policies
    assert (policy.is_enabled, policy.is_tls_required) == (is_enabled, is_tls)


def test_log__who_signed_in__has_to_here():
    log = source("RECV2026112010-1.LOG").text
    policy = of(imported(source("accepted.csv"), source("a.log", log)).document.relay_policies)["Seen: 10.9.9.9"]
    assert (policy.identities, policy.networks) == (("*",), ("10.9.9.9",))


def test_log__null_sender_only__is_no_policy_for_any_sender():
    log = source("RECV2026112010-1.LOG").text.replace("scan@contoso.com", "")
    done = imported(source("accepted.csv"), source("a.log", log))
    policy = of(done.document.relay_policies)["Seen: 10.1.2.3"]
    assert (policy.sender_addresses, policy.is_enabled) == ((), False)
    assert "null sender" in policy.comment


def test_relay__custom_rights_not_exported__makes_no_policy_and_says_so():
    done = imported(source("receive.xml"))
    assert any("Get-ADPermission" in note for _, note in said(done.report, "EX1\\Scanners", "PermissionGroups"))


def test_relay__for_everybody__is_made_but_disabled():
    rights = source("rights.csv").text.replace('"True"', '"False"')
    done = imported(source("receive.xml"), source("rights.csv", rights))
    policy = of(done.document.relay_policies)["Default Frontend relay"]
    assert not policy.is_enabled
    assert "Disabled" in said(done.report, "EX1\\Default Frontend EX1", "Relay policy")[0][1]


def test_relay__external_authoritative__is_a_policy_that_bypasses_nothing():
    given = {
        "Name": "Apps",
        "Identity": "EX1\\Apps",
        "RemoteIPRanges": [{"Expression": "10.7.0.0/24"}],
        "AuthMechanism": 33,
        "PermissionGroups": 4,
        "Bindings": [{"AddressFamily": 2, "Address": "0.0.0.0", "Port": 26}],
    }
    done = imported(source("apps.json", json.dumps(given)))
    connector = of(done.document.receive_connectors)["Apps"]
    assert connector.permission_groups == (PermissionGroup.ANONYMOUS_USERS,) and connector.bindings == ("0.0.0.0:26",)
    assert of(done.document.relay_policies)["Apps relay"].networks == ("10.7.0.0/24",)


def test_relay__exchange_users__may_go_on_where_they_sign_in_over_tls():
    given = {"Name": "Client Frontend EX1", "Server": "EX1", "Identity": "EX1\\Client Frontend EX1",
             "Bindings": "0.0.0.0:587",
             "RemoteIPRanges": "0.0.0.0-255.255.255.255", "AuthMechanism": "Tls, BasicAuth, BasicAuthRequireTLS",
             "PermissionGroups": "ExchangeUsers", "RequireTLS": True}  # fmt: skip
    done = imported(source("client.json", json.dumps([given])))
    (policy,) = done.document.relay_policies
    assert (policy.identities, policy.networks, policy.is_tls_required) == (("*",), (), True)
    assert of(done.document.receive_connectors)["Client Frontend"].tls_mode is TlsMode.REQUIRED


def test_send__smart_host_with_credentials__comes_without_password():
    done = imported(source("send.json"))
    connector, partner = (of(done.document.send_connectors)[name] for name in ("To Internet", "Partner"))
    assert [(space.domain, space.cost) for space in connector.address_spaces] == [("*", 1)]
    assert connector.smart_hosts == ("smart.provider.example", "[192.0.2.7]")
    assert (connector.tls_level, connector.tls_domain) == (TlsLevel.DOMAIN_VALIDATION, "smart.provider.example")
    assert connector.max_message_size == 35 * MB and connector.connection_inactivity_timeout == 600
    assert connector.is_dns_failure_downgraded and not connector.username
    assert partner.max_message_size is None and partner.address_spaces[0].cost == 5
    assert "password" in said(done.report, "To Internet", "SmartHostAuthMechanism")[0][1]
    assert any(fate is Fate.LEFT_OUT for fate, _ in said(done.report, "To Internet", "AddressSpaces"))


def test_accepted__utf16_csv_with_semicolons__is_read_and_star_is_refused():
    done = imported(source("accepted.csv"))
    domains = {item.domain: item for item in done.document.accepted_domains}
    assert domains["contoso.com"].domain_type is DomainType.AUTHORITATIVE and domains["contoso.com"].is_default
    assert domains["fabrikam.com"].match_subdomains
    assert said(done.report, "all", "DomainName")[0][0] is Fate.LEFT_OUT


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(("below", "is_below"), [("Authoritative", True), ("InternalRelay", False)])
def test_accepted__a_domain_and_its_subdomains__never_change_the_domains_own_type(order, below, is_below):
    both = [{"Name": "contoso", "DomainName": "contoso.com", "DomainType": "Authoritative", "Default": True},
            {"Name": "below", "DomainName": "*.contoso.com", "DomainType": below, "Default": False}]  # fmt: skip
    done = imported(source("accepted.json", json.dumps([both[i] for i in order])))
    (domain,) = done.document.accepted_domains
    assert (domain.name, domain.domain_type, domain.is_default) == ("contoso", DomainType.AUTHORITATIVE, True)
    assert domain.match_subdomains is is_below
    told = said(done.report, "below", "DomainType")[-1]
    assert ("one by one" in told[1]) is not is_below


def test_clixml__as_export_clixml_writes_it__utf16_with_its_mark_and_array_lists():
    done = imported(source("accepted.clixml"), source("rules.clixml"))
    assert of(done.document.accepted_domains)["contoso.com"].domain_type is DomainType.AUTHORITATIVE
    assert "müller.example" in of(done.document.accepted_domains)
    rules = of(done.document.mail_flow_rules)
    assert set(rules) == {"Block exe", "Tag external"} and not rules["Tag external"].is_enabled
    assert rules["Block exe"].conditions[0].values == ("exe", "js", "vbs")
    assert rules["Block exe"].exceptions[0].values == ("helpdesk@contoso.com",)
    assert said(done.report, "Disclaimer außen", "ApplyHtmlDisclaimerText")[0][0] is Fate.LEFT_OUT
    assert not any(line.parameter in ("PSComputerName", "RunspaceId", "WhenChanged") for line in done.report.lines)


def test_remote__default_domain__keeps_reports_and_holds_back_what_it_held_back():
    given = {"Name": "Default", "DomainName": "*", "AllowedOOFType": "External", "AutoReplyEnabled": False,
             "AutoForwardEnabled": False, "NDREnabled": True, "DeliveryReportEnabled": True, "TNEFEnabled": None,
             "ContentType": "MimeHtmlText", "CharacterSet": "iso-8859-1"}  # fmt: skip
    done = imported(source("remote.json", json.dumps(given)))
    (remote,) = done.document.remote_domains
    assert (remote.domain, remote.is_ndr_enabled, remote.is_auto_forward_enabled) == ("*", True, False)
    assert remote.is_auto_reply_enabled
    assert said(done.report, "Default", "AutoReplyEnabled, AllowedOOFType")[0][0] is Fate.APPROXIMATED


def test_import__twice__changes_nothing_more():
    sources = [source(name) for name in ("receive.xml", "rights.csv", "send.json", "accepted.csv")]
    once = imported(*sources).document
    assert imported(*sources, onto=once).document == once


def test_csv__type_name_in_place_of_a_list__is_told_and_connector_disabled():
    text = '"Name","RemoteIPRanges","AuthMechanism"\n"Lossy","Microsoft.Exchange.Data.MultiValuedProperty`1[x]",Tls\n'
    done = imported(source("lossy.csv", text))
    assert not of(done.document.receive_connectors)["Lossy"].is_enabled
    assert "Export-Clixml" in said(done.report, "Lossy", "RemoteIPRanges")[0][1]


LISTLESS = """#TYPE Deserialized.Microsoft.Exchange.Data.Directory.SystemConfiguration.ReceiveConnector
"Name","Identity","Enabled","Bindings","RemoteIPRanges","PermissionGroups"
"Relay","EX1\\Relay","True","System.Collections.ArrayList","Microsoft.Exchange.Data.MultiValuedProperty`1[IPRange]","AnonymousUsers"
"""


def test_csv__lists_that_are_lost__take_no_other_connectors_place_and_stay_disabled():
    done = imported(source("receive.csv", LISTLESS))
    connectors = of(done.document.receive_connectors)
    assert connectors["Default"].is_enabled and connectors["Default"].id == "default"
    assert not connectors["Relay"].is_enabled
    for parameter in ("Bindings", "RemoteIPRanges"):
        assert said(done.report, "EX1\\Relay", parameter)[0][0] is Fate.LEFT_OUT


@pytest.mark.parametrize(
    ("address", "told_as", "binding"),
    [
        ({"Address": 83886090, "AddressFamily": 2}, "10.0.0.5:2526", "0.0.0.0:2526"),
        ({"Address": None, "AddressFamily": 23}, "[::]:2526", "[::]:2526"),
    ],
)
def test_json__dotnet_addresses__are_read_where_anything_is_left_of_them(address, told_as, binding):
    given = {"Name": "Scanner", "Identity": "EX1\\Scanner", "Bindings": [{"Address": address, "Port": 2526}],
             "RemoteIPRanges": ["10.1.2.0/24"], "TransportRole": 16384, "PermissionGroups": 1,
             "Fqdn": {"Domain": "ex1.contoso.com"}, "MessageRateLimit": {"IsUnlimited": True}}  # fmt: skip
    done = imported(source("receive.json", json.dumps([given])))
    scanner = of(done.document.receive_connectors)["Scanner"]
    assert (scanner.is_enabled, scanner.fqdn, scanner.bindings) == (True, "ex1.contoso.com", (binding,))
    (told,) = [line for line in done.report.lines if line.parameter == "Bindings"]
    assert (told.fate, told.value) == (Fate.APPROXIMATED, told_as)


def test_value__that_the_model_refuses__is_left_out_with_the_reason():
    given = {"Name": "Odd", "RemoteIPRanges": ["10.0.0.0/8"], "Bindings": ["0.0.0.0:25"], "MaxHopCount": 9000,
             "ConnectionTimeout": "00:00:30", "ConnectionInactivityTimeout": "00:05:00"}  # fmt: skip
    done = imported(source("odd.json", json.dumps(given)))
    odd = of(done.document.receive_connectors)["Odd"]
    assert (odd.max_hop_count, odd.connection_timeout) == (30, 600)
    assert said(done.report, "Odd", "max_hop_count") == [(Fate.LEFT_OUT, "Here max_hop_count must be 500 or less.")]


def test_policy__whose_senders_are_no_domains__is_disabled_not_widened():
    log = source("RECV2026112010-1.LOG").text.replace("erp@contoso.com", "erp@con_toso!com")
    done = imported(source("accepted.csv"), source("receive.xml"), source("odd.log", log))
    policy = of(done.document.relay_policies)["Seen: 10.9.9.9"]
    assert (policy.sender_addresses, policy.is_enabled) == ((), False)
    assert "Disabled" in said(done.report, "10.9.9.9", "is_enabled")[0][1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('<!DOCTYPE Objs [<!ENTITY a "b">]><Objs>&a;</Objs>', "document type"),
        ('<!DOCTYPE Objs SYSTEM "file:///etc/passwd"><Objs/>', "document type"),
        ("<Objs>" + "<Obj>" * 100 + "</Obj>" * 100 + "</Objs>", "nested"),
        ("<Objs><Obj>", "no XML"),
        ("<html></html>", "root"),
        ("[1, 2]", "no objects"),
        ("{", "no JSON"),
        ("a,b\n1,2\n", "nothing that is known"),
    ],
)
def test_file__hostile_or_of_another_kind__is_refused_by_name(text, words):
    with pytest.raises(UnreadableFile, match=words) as refused:
        imported(source("bad.xml", text))
    assert "bad.xml" in str(refused.value)


def test_log__client_that_no_policy_admits__becomes_one_for_its_address_and_senders():
    sources = [source(name) for name in ("accepted.csv", "receive.xml", "rights.csv", "RECV2026112010-1.LOG")]
    done = imported(*sources)
    seen = of(done.document.relay_policies)["Seen: 10.9.9.9"]
    assert (seen.networks, seen.sender_addresses, seen.is_tls_required) == (("10.9.9.9",), ("contoso.com",), True)
    assert len(done.document.relay_policies) == 2  # the scanner is admitted by its connector's
    assert said(done.report, "10.1.2.3 on EX1\\Scanners", "") == [
        (Fate.MAPPED, "It may go on: Scanners relay admits it.")
    ]
    assert "no relay policy" in said(done.report, "2001:db8::7 on EX1\\Default Frontend EX1", "")[0][1]


def test_log__without_its_fields__is_refused():
    text = "#Fields: date-time,remote-endpoint,session-id\n"
    with pytest.raises(UnreadableFile, match="connector-id"):
        imported(source("x.log", text), onto=MailFlow())
