"""One export in each form that PowerShell gives it leads to one document, and a list that is lost to no other way."""

from __future__ import annotations

import json

import pytest

from mailconsole.imports.report import Fate
from tests.mailconsole.imports.kit import said, source
from tests.mailconsole.imports.test_exchange import imported, of
from transport.config.objects import AuthMechanism
from transport.config.rule_kinds import ConditionKind

_RECEIVE = {"Name": "MFPs", "Server": "EX1", "Identity": "EX1\\MFPs", "Bindings": ["[::]:25", "0.0.0.0:25"],
            "RemoteIPRanges": ["10.1.0.0/24", "10.2.0.1-10.2.0.9"], "AuthMechanism": "BasicAuth",
            "PermissionGroups": "ExchangeUsers"}  # fmt: skip
_SEND = {"Name": "Out", "AddressSpaces": ["SMTP:*;1", "SMTP:a.example;5"], "DNSRoutingEnabled": False,
         "SmartHosts": ["[192.0.2.7]", "smart.example"]}  # fmt: skip
_RULE = {"Name": "Stop", "Priority": 0, "SentToScope": None, "RecipientDomainIs": ["b.example", "c.example"],
         "SubjectMatchesPatterns": [r"^\d{1,3}(,|;)x"], "ActivationDate": "2026-12-01T00:00:00+00:00",
         "DeleteMessage": True}  # fmt: skip


def documents(receive, send, rule):
    done = imported(*(source(f"{index}.json", json.dumps(one)) for index, one in enumerate((receive, send, rule))))
    kinds = ("receive_connectors", "send_connectors", "relay_policies", "mail_flow_rules")
    return [done.document.section(kind) for kind in kinds]


def dotnet(address, port):
    return {"AddressFamily": 2, "Address": {"Address": address, "AddressFamily": 2 if address is not None else 23},
            "Port": port}  # fmt: skip


def test_json__of_objects_on_the_server_itself__says_what_the_shell_says():
    receive = _RECEIVE | {"AuthMechanism": 4, "PermissionGroups": 2, "Bindings": [dotnet(None, 25), dotnet(0, 25)],
                          "Identity": {"DistinguishedName": "CN=MFPs,CN=x", "Name": "MFPs"}}  # fmt: skip
    hosts = [{"Address": {"Address": 117571776, "AddressFamily": 2}, "Domain": None, "IsIPAddress": True},
             {"Address": None, "Domain": {"HostnameString": "smart.example", "Domain": "smart.example"},
              "IsIPAddress": False}]  # fmt: skip
    rule = _RULE | {"ActivationDate": "/Date(1796083200000)/"}
    assert documents(receive, _SEND | {"SmartHosts": hosts}, rule) == documents(_RECEIVE, _SEND, _RULE)


def test_json__lists_wrapped_or_cut_off_at_the_depth__are_the_same_lists():
    def shaped(given, make):
        return {name: make(value) if isinstance(value, list) else value for name, value in given.items()}

    wanted = documents(_RECEIVE, _SEND, _RULE)
    for make in (lambda value: {"value": value, "Count": len(value)}, " ".join):
        assert documents(*(shaped(one, make) for one in (_RECEIVE, _SEND, _RULE))) == wanted


def test_csv__patterns_with_commas_and_braces__stay_whole():
    text = '"Name","Priority","Conditions","SubjectMatchesPatterns","DeleteMessage"\n'
    rows = 'Stop,0,,"\\d{4}-\\d{1,3},^(a|b),[x,y]z{2}",True\nShell,1,,"{one, two}",True\n'
    rules = of(imported(source("rules.csv", text + rows)).document.mail_flow_rules)
    assert rules["Stop"].conditions[0].values == (r"\d{4}-\d{1,3}", "^(a|b)", "[x,y]z{2}")
    assert rules["Shell"].conditions[0].values == ("one", "two")


def test_rule__words_with_blanks_in_one_text__are_a_phrase_and_the_report_says_so():
    rule = {"Name": "Stop", "Priority": 0, "Conditions": [], "SubjectContainsWords": "buy now", "DeleteMessage": True}
    done = imported(source("rules.json", json.dumps(rule)))
    assert of(done.document.mail_flow_rules)["Stop"].conditions[0].values == ("buy now",)
    assert said(done.report, "Stop", ConditionKind.SUBJECT_WORDS)[0][0] is Fate.APPROXIMATED


@pytest.mark.parametrize("hosts", [[], "Microsoft.Exchange.Data.MultiValuedProperty`1[x]", ["not a host!"]])
def test_send__smart_hosts_that_are_lost__do_not_become_dns(hosts):
    done = imported(source("send.json", json.dumps(_SEND | {"SmartHosts": hosts})))
    assert not of(done.document.send_connectors)["Out"].is_enabled
    assert "Disabled" in str([line.note for line in done.report.lines])


def test_receive__what_the_transport_says_of_itself__is_worth_no_word():
    odata = {"@odata.type": "#x", "Enabled@odata.type": "#Bool", "ExtendedProtectionPolicy": 0, "HomeMTA": ""}
    done = imported(source("receive.json", json.dumps(_RECEIVE | odata)))
    assert not [line for line in done.report.lines if line.fate is Fate.LEFT_OUT]


@pytest.mark.parametrize(
    ("mechanism", "offered", "policies"),
    [
        ("Tls, BasicAuth, BasicAuthRequireTLS", AuthMechanism.BASIC_AUTH_REQUIRE_TLS, [True]),
        ("BasicAuth", AuthMechanism.BASIC_AUTH, [True, False]),
        ("Tls, Integrated", AuthMechanism.BASIC_AUTH_REQUIRE_TLS, [True]),
        ("Tls", AuthMechanism.NONE, [True]),
    ],
)
def test_receive__how_users_sign_in__is_as_it_was(mechanism, offered, policies):
    done = imported(source("receive.json", json.dumps(_RECEIVE | {"AuthMechanism": mechanism})))
    assert of(done.document.receive_connectors)["MFPs"].auth_mechanism is offered
    assert [one.is_tls_required for one in done.document.relay_policies] == policies


def test_receive__users_sign_in_without_tls_from_anywhere__may_not_relay_yet():
    everywhere = _RECEIVE | {"RemoteIPRanges": ["0.0.0.0-255.255.255.255"]}
    policies = of(imported(source("receive.json", json.dumps(everywhere))).document.relay_policies)
    assert {name: one.is_enabled for name, one in policies.items()} == {
        "Users who sign in": True,
        "Users who sign in without TLS": False,
    }
