"""Postfix's main.cf and tables become our objects; what has no counterpart is told."""

from __future__ import annotations

import pytest

from mailconsole.imports.postfix.importer import import_postfix
from mailconsole.imports.postfix.main_cf import read_main_cf
from mailconsole.imports.reading.files import opened
from mailconsole.imports.refusals import UnreadableFile
from mailconsole.imports.report import Fate
from tests.mailconsole.imports.kit import SAMPLES, said, source
from transport.config.document import initial_document
from transport.config.objects import DomainType, TlsLevel


def all_files():
    return opened([(path.name, path.read_bytes()) for path in sorted((SAMPLES / "postfix").iterdir())])


def imported(*sources, onto=None):
    return import_postfix(sources or all_files(), onto=onto or initial_document(), owner="Postmasters")


def of(items):
    return {item.name: item for item in items}


def test_main_cf__variables_continuations_and_comments__are_read():
    main = read_main_cf("a = $b, ${c}\n  $$x\n# no\nb = 1\nc = $(b)2\n")
    assert main.get("a") == "1, 12 $x"
    assert read_main_cf("myhostname = a.contoso.com\n").get("mydomain") == "contoso.com"
    assert read_main_cf("myhostname = a.contoso.com\nx = $mydomain\n").get("x") == "contoso.com"


def test_relay__mynetworks__is_a_policy_without_loopback_and_exclusions():
    policy = of(imported().document.relay_policies)["mynetworks"]
    assert "10.1.9.0/24" not in policy.networks and "10.1.8.0/24" in policy.networks
    assert {"10.20.0.0/24", "2001:db8:1::/48"} <= set(policy.networks)
    assert not any(network.startswith(("127.", "::1")) for network in policy.networks)
    assert (policy.owner, policy.is_enabled) == ("Postmasters", True)


def test_relay__access_table_before_the_refusal__is_a_policy_and_names_are_told():
    done = imported()
    assert of(done.document.relay_policies)["access: 10.30.0.7"].networks == ("10.30.0.7",)
    assert said(done.report, "printer.contoso.com", "")[0][0] is Fate.LEFT_OUT
    assert of(done.document.relay_policies)["Users who sign in"].identities == ("*",)


OTHER = "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n"


@pytest.mark.parametrize(
    ("lists", "lets_relay"),
    [
        ("smtpd_relay_restrictions = check_client_access cidr:/t, reject", True),
        ("smtpd_relay_restrictions = reject_unauth_destination, check_client_access cidr:/t", False),
        ("smtpd_recipient_restrictions = check_client_access cidr:/t, reject", False),
        (f"{OTHER}smtpd_recipient_restrictions = check_client_access cidr:/t, reject", False),
        ("smtpd_client_restrictions = check_client_access cidr:/t", False),
    ],
)
def test_access__ok_that_does_not_pass_every_refusal_to_relay__is_no_relay_policy(lists: str, lets_relay: bool):
    done = imported(source("main.cf", f"{lists}\n"), source("t", "10.30.0.7 OK\n"), source("u", "10.30.0.8 DUNNO\n"))
    assert bool(done.document.relay_policies) is lets_relay
    assert bool(done.document.ip_allow_list) is not lets_relay


def test_access__of_clients__are_block_and_allow_entries():
    done = imported()
    assert [one.network for one in done.document.ip_block_list] == ["192.0.2.0/24"]
    assert [one.network for one in done.document.ip_allow_list] == ["198.51.100.7"]


def test_domains__relay_domains_with_subdomains_and_virtual_ones_with_catch_all():
    domains = {one.domain: one for one in imported().document.accepted_domains}
    assert set(domains) == {"relay.contoso.com", "contoso.com", "partner.example", "fabrikam.com"}
    assert domains["contoso.com"].match_subdomains and domains["contoso.com"].domain_type is DomainType.INTERNAL_RELAY
    assert domains["fabrikam.com"].catch_all_address == "postmaster@contoso.com"


def test_routes__relayhost_and_transport__are_send_connectors_by_next_hop():
    done = imported()
    ways = of(done.document.send_connectors)
    assert set(ways) == {"relayhost", "To [exchange.contoso.com]", "To [192.0.2.9]:2525"}
    out = ways["relayhost"]
    assert (out.smart_hosts, out.port, out.tls_level) == (("smart.provider.example",), 587, TlsLevel.ENCRYPTION_ONLY)
    inside = ways["To [exchange.contoso.com]"]
    assert [space.domain for space in inside.address_spaces] == ["contoso.com", "*.contoso.com"]
    assert (ways["To [192.0.2.9]:2525"].smart_hosts, ways["To [192.0.2.9]:2525"].port) == (("[192.0.2.9]",), 2525)
    assert "password" in said(done.report, "relayhost", "smtp_sasl_password_maps")[0][1]
    assert said(done.report, "old.example", "")[0][0] is Fate.LEFT_OUT


def test_virtual__one_or_several__are_recipients_and_groups():
    done = imported()
    recipients, groups = of(done.document.recipients), of(done.document.distribution_groups)
    assert recipients["info@fabrikam.com"].forwarding_address == "anna@contoso.com"
    assert recipients["boss@fabrikam.com"].deliver_to_mailbox_and_forward
    assert groups["team@fabrikam.com"].members == ("anna@contoso.com", "bob@contoso.com")


def test_limits__go_to_connectors_on_port_25_and_the_organisation():
    document = imported().document
    connectors = of(document.receive_connectors)
    assert (connectors["Default"].max_message_size, connectors["Default"].max_recipients_per_message) == (20480000, 300)
    assert connectors["Client"].max_message_size != 20480000
    assert document.organization.message_expiration_timeout == 3 * 86400


def test_report__tells_what_nothing_stands_for_and_what_was_not_given():
    report = imported().report
    assert said(report, "content_filter", "content_filter")[0][0] is Fate.LEFT_OUT
    main = source("main.cf", "relay_domains = hash:/etc/postfix/relay_domains\nmynetworks = 10.0.0.0/8\n")
    report = imported(main).report
    assert "not given" in said(report, "relay_domains", "relay_domains")[0][1]


def test_lists__in_dns__are_providers_and_patterns_of_codes_are_told():
    (provider,) = imported().document.ip_block_list_providers
    assert (provider.lookup_domain, provider.is_any_match) == ("zen.dnsbl.example", True)
    lists = "permit_dnswl_client wl.example=127.0.0.3, reject_rbl_client bl.example=127.0.[0..9].[2..9]"
    text = f"smtpd_client_restrictions = {lists}\n"
    done = imported(source("main.cf", text))
    assert done.document.ip_allow_list_providers[0].ip_addresses_match == ("127.0.0.3",)
    assert not done.document.ip_block_list_providers
    assert said(done.report, "smtpd_client_restrictions", "reject_rbl_client")[0][0] is Fate.LEFT_OUT


def test_mynetworks__of_everybody_or_refused_before__is_no_live_policy():
    document = imported(source("main.cf", "mynetworks = 0.0.0.0/0\n")).document
    assert not of(document.relay_policies)["mynetworks"].is_enabled
    text = "mynetworks = 10.0.0.0/8\nsmtpd_relay_restrictions = reject_unauth_destination, permit_mynetworks\n"
    assert not imported(source("main.cf", text)).document.relay_policies


def test_import__twice__changes_nothing_more():
    once = imported().document
    assert imported(onto=once).document == once


@pytest.mark.parametrize(
    ("text", "words"),
    [("a = $b\nb = $a\n", "circle"), ("no parameter here\n", "no parameter"), ("# nothing\n", "no parameters")],
)
def test_main_cf__that_is_none__is_refused_by_name(text, words):
    with pytest.raises(UnreadableFile, match=words):
        imported(source("main.cf", f"mynetworks = $a\n{text}" if "$" in text else text))


def test_files__without_main_cf__are_refused():
    with pytest.raises(UnreadableFile, match=r"no main\.cf"):
        imported(source("virtual", "a b\n"), source("transport", "c d\n"))
