"""What Postfix does with a main.cf, its tables and master.cf is what the draft does; where not, the report says so."""

from __future__ import annotations

import ipaddress
import random

import pytest

from mailconsole.imports.postfix.codes import codes_of
from mailconsole.imports.postfix.decided import decided
from mailconsole.imports.postfix.master_cf import read_master_cf
from mailconsole.imports.postfix.tables import network
from mailconsole.imports.report import Fate
from tests.mailconsole.imports.kit import said, source
from tests.mailconsole.imports.test_postfix import imported, of
from transport.config.objects import DomainType

CLIENTS = "smtpd_client_restrictions = check_client_access cidr:/etc/postfix/clients\n"
MASTER = """\
smtp      inet  n - y - - smtpd
submission inet n - y - - smtpd
  -o smtpd_sasl_auth_enable=yes -o { smtpd_relay_restrictions = permit_sasl_authenticated, reject }
  -osmtpd_sasl_password=hush
slow      unix  - - y - 2 smtp
maildrop  unix  - n n - - pipe flags=DRXhu argv=/usr/bin/maildrop
"""


def test_domains__in_two_lists__are_what_the_first_says():
    text = "myhostname = mx.contoso.com\nmydestination = contoso.com\nrelay_domains = $mydestination, a.example\n"
    done = imported(source("main.cf", text))
    domains = of(done.document.accepted_domains)
    assert (domains["contoso.com"].domain_type, domains["contoso.com"].match_subdomains) == (
        DomainType.AUTHORITATIVE,
        False,
    )
    assert domains["a.example"].domain_type is DomainType.INTERNAL_RELAY
    assert "mydestination too" in said(done.report, "relay_domains", "relay_domains")[0][1]


def test_transport__of_postfix_own_domain__needs_no_other_next_hop():
    main = source("main.cf", "mydestination = a.example, b.example\ntransport_maps = hash:/etc/postfix/transport\n")
    report = imported(main, source("transport", "a.example smtp:[10.0.0.1]\n")).report
    assert [said(report, one, "")[0][0] for one in ("a.example", "b.example")] == [Fate.MAPPED, Fate.APPROXIMATED]


def test_transport__nothing_said_below_a_domain_and_impossible_keys__are_what_transport_5_says():
    main = source("main.cf", "relayhost = [out.example]:587\ntransport_maps = hash:/etc/postfix/transport\n")
    done = imported(
        main, source("transport", "a.example :\nb.example smtp:\n.c.example smtp:[10.0.0.1]\n*.d.example :\n")
    )
    hops = {one.address_spaces[0].domain: (one.smart_hosts, one.port) for one in done.document.send_connectors}
    assert hops["a.example"] == (("out.example",), 587)
    assert hops["b.example"] == ((), 25)
    assert "*.d.example" not in hops
    assert said(done.report, ".c.example", "")[0][0] is Fate.APPROXIMATED


def test_warn_if_reject__only_tells():
    text = "smtpd_client_restrictions = warn_if_reject reject_rbl_client bl.example, warn_if_reject reject\n"
    done = imported(source("main.cf", text))
    assert done.document.ip_block_list_providers[0].is_only_told
    assert said(done.report, "smtpd_client_restrictions", "smtpd_client_restrictions") == [
        (Fate.LEFT_OUT, "It is a warning only.")
    ]


def test_restrictions__with_an_argument__take_it_along():
    text = (
        "smtpd_sender_restrictions = reject_rhsbl_sender dbl.example, sleep 1, check_ccert_access hash:/etc/postfix/x\n"
    )
    report = imported(source("main.cf", text)).report
    told = [line.value for line in report.lines if line.parameter == "smtpd_sender_restrictions"]
    assert told == ["reject_rhsbl_sender dbl.example", "sleep 1", "check_ccert_access hash:/etc/postfix/x"]


@pytest.mark.parametrize(
    ("pattern", "codes"),
    [
        ("127.0.0.[2..4;10]", ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.10"]),
        ("127.0.0.2", ["127.0.0.2"]),
        ("127.0.[0..255].[0..255]", []),
        ("127.0.0.[2..999]", []),
        ("127.0.0.[2..]", ["127.0.0.2"]),
        ("127.0.0", []),
        (f"127.0.0.[2..{'9' * 5000}]", []),
        ("evil", []),
    ],
)
def test_codes__of_a_list__are_those_that_the_pattern_stands_for(pattern, codes):
    assert codes_of(pattern) == codes


def test_access__first_row_that_fits__decides_in_a_cidr_table():
    rows = "203.0.113.7 DUNNO\n203.0.113.6/31 REJECT\n198.51.100.66 REJECT\n198.51.100.64/30 OK\n!10.0.0.0/8 OK\n"
    done = imported(source("main.cf", CLIENTS), source("clients", rows))
    blocked = {one.network for one in done.document.ip_block_list}
    allowed = {one.network for one in done.document.ip_allow_list}
    assert blocked == {"203.0.113.6", "198.51.100.66"}
    assert allowed == {"198.51.100.64/31", "198.51.100.67"}
    assert "Without 203.0.113.7" in said(done.report, "203.0.113.6/31", "")[0][1]
    assert "Negation" in said(done.report, "!10.0.0.0/8", "")[0][1]


def test_access__order_of_rows__counts_in_cidr_tables_only():
    rows = [("10.0.0.0/8", "OK"), ("10.1.0.0/16", "REJECT x"), ("10.2.0.0/16", "OK why"), ("2001:db8::/32", "REJECT")]
    first = {one.key: tuple(one.addresses.networks()) for one in decided(rows, is_first_match=True)}
    narrow = {one.key: tuple(one.addresses.networks()) for one in decided(rows, is_first_match=False)}
    assert (first["10.0.0.0/8"], first["10.1.0.0/16"]) == (("10.0.0.0/8",), ())
    assert narrow["10.1.0.0/16"] == ("10.1.0.0/16",)
    assert "10.1.0.0/16" not in narrow["10.0.0.0/8"] and len(narrow["10.0.0.0/8"]) == 8


def test_access__many_rows_within_each_other__are_not_compared_each_with_each():
    rows = [(f"10.{a}.{b}.0/24", "OK" if b % 2 else "REJECT") for a in range(50) for b in range(200)]
    assert sum(len(list(one.addresses.networks())) for one in decided(rows, is_first_match=True)) == len(rows)
    whole = decided([*rows, ("10.0.0.0/8", "OK"), *[("10.0.0.0/8", "REJECT")] * 5000], is_first_match=True)
    assert len(whole[len(rows)].cut) == len(rows) // 2
    assert not whole[-1].addresses and whole[-1].cut == ("10.0.0.0/8",)


def test_access__any_table__answers_each_address_as_its_first_row():
    chance = random.Random(3)
    for _ in range(30):
        nets = [f"10.0.0.{chance.randrange(256)}/{chance.randrange(24, 33)}" for _ in range(12)]
        rows = [(network(one), chance.choice("AB")) for one in nets]
        found = decided(rows, is_first_match=True)
        for number in range(256):
            address = ipaddress.ip_address(f"10.0.0.{number}")
            wanted = next((verb for key, verb in rows if address in ipaddress.ip_network(key)), None)
            said = {
                one.action for one in found for net in one.addresses.networks() if address in ipaddress.ip_network(net)
            }
            assert said == ({wanted} if wanted else set())


def test_mynetworks__exclusions_within_a_plain_file__are_taken_out():
    main = source("main.cf", "mynetworks = /etc/postfix/mynets\n")
    policy = of(imported(main, source("mynets", "10.1.2.0/23\n!10.1.3.0/24\n")).document.relay_policies)["mynetworks"]
    assert policy.networks == ("10.1.2.0/24",)


def test_mynetworks__so_broad_that_the_draft_asks__is_told():
    report = imported(source("main.cf", "mynetworks = 10.0.0.0/8\n")).report
    assert any("narrow it" in note for _, note in said(report, "mynetworks", "mynetworks"))


def test_master_cf__services__are_read_with_their_overrides():
    smtp, submission, slow, maildrop = read_master_cf(MASTER)
    assert submission.overrides["smtpd_relay_restrictions"] == "permit_sasl_authenticated, reject"
    assert submission.overrides["smtpd_sasl_password"] == "hush"
    assert (smtp.is_listening, slow.is_sending, maildrop.is_sending) == (True, True, False)


def test_master_cf__users_who_sign_in_at_submission_only__may_send_anywhere():
    main = source("main.cf", "transport_maps = inline:{s.example=slow:}\n")
    done = imported(main, source("master.cf", MASTER))
    assert of(done.document.relay_policies)["Users who sign in"].identities == ("*",)
    assert [one.address_spaces[0].domain for one in done.document.send_connectors] == ["*", "s.example"]
    assert "hush" not in str(done.report.as_json())
    assert not imported(main).document.relay_policies


def test_limits__of_nothing__are_no_limit_in_postfix():
    text = "message_size_limit = 0\ndelay_warning_time = 0h\nsmtpd_client_message_rate_limit = 9\n"
    done = imported(source("main.cf", text))
    assert not done.document.organization.is_delay_dsn_enabled
    fates = {line.parameter: line.fate for line in done.report.lines if line.name == line.parameter}
    assert fates["message_size_limit"] is Fate.LEFT_OUT
    assert fates["smtpd_client_message_rate_limit"] is Fate.APPROXIMATED  # Postfix excepts mynetworks
    assert not [line for line in done.report.lines if line.parameter == "max_message_size"]


def test_virtual__domain_to_domain_and_to_itself__are_told_as_such():
    main = source("main.cf", "virtual_alias_maps = hash:/etc/postfix/virtual\nmyorigin = a.example\n")
    report = imported(main, source("virtual", "@old.example @a.example\nx@a.example x@a.example\n")).report
    assert "rewriting" in said(report, "@old.example", "")[0][1]
    assert said(report, "x@a.example", "") == [(Fate.MAPPED, "It stays itself.")]
