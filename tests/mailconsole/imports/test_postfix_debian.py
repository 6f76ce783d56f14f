"""A main.cf as a Debian host has it, with what postconf(5) lets one write: braces, choices, tables of other types."""

from __future__ import annotations

import pytest

from mailconsole.imports.postfix.main_cf import read_main_cf
from mailconsole.imports.postfix.tables import network
from mailconsole.imports.postfix.words import items_of
from mailconsole.imports.reading.files import opened
from mailconsole.imports.report import Fate
from tests.mailconsole.imports.kit import SAMPLES, said, source
from tests.mailconsole.imports.test_postfix import imported, of


def debian(*more):
    files = [(path.name, path.read_bytes()) for path in sorted((SAMPLES / "postfix_debian").iterdir())]
    return imported(*opened(files), *more)


def test_mynetworks__choices_variables_mapped_loopback__are_what_postfix_makes_of_them():
    networks = of(debian().document.relay_policies)["mynetworks"].networks
    assert {"192.168.0.0/24", "2001:db8:1::/48", "172.20.0.0/16", "10.11.0.0/16"} <= set(networks)
    assert not any(one.startswith(("::ffff", "127", "172.21", "10.10.66")) for one in networks)


def test_inline_tables__are_read_wherever_a_table_may_stand():
    document = debian().document
    assert of(document.relay_policies)["access: 10.20.0.6"].networks == ("10.20.0.6",)
    assert "northwind.example" in {one.domain for one in document.accepted_domains}
    special = of(document.send_connectors)["To [10.9.9.9]:2525"]
    assert (special.address_spaces[0].domain, special.port) == ("special.example", 2525)


def test_patterns__are_told_as_such_and_their_files_are_not_called_unused():
    report = debian().report
    (told,) = [line for line in report.lines if line.value.startswith("regexp:") and line.name == "transport_maps"]
    assert (told.fate, "Patterns have no counterpart" in told.note) == (Fate.LEFT_OUT, True)
    unused = {line.name for line in report.lines if line.source == "File"}
    assert not {"transport.regexp", "clients.regexp"} & unused
    assert not [line for line in report.lines if line.value in ("{", "}", "=")]


def test_virtual__origin_in_a_file__is_asked_for_and_read_where_it_is_given():
    assert "add that file" in said(debian().report, "postmaster", "")[0][1]
    recipients = of(debian(source("mailname", "contoso.com\n")).document.recipients)
    assert recipients["postmaster@contoso.com"].forwarding_address == "root@contoso.com"
    assert "weird@contoso.com" not in recipients


def test_virtual__domains_with_a_row_of_their_own__are_accepted_where_no_list_names_them():
    main = source("main.cf", "virtual_alias_maps = hash:/etc/postfix/virtual\nmyorigin = contoso.com\n")
    table = source("virtual", "fabrikam.net anything\n@fabrikam.net info@contoso.com\npostmaster anna@contoso.com\n")
    (domain,) = imported(main, table).document.accepted_domains
    assert (domain.domain, domain.catch_all_address) == ("fabrikam.net", "info@contoso.com")


@pytest.mark.parametrize(
    "text",
    [
        "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = static:relayuser:hunter2secret\n",
        "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = inline:{smart.example=u:hunter2secret}\n",
        "smtp_sasl_password_maps = static:$who\nwho = u:$half\nhalf = hunter2secret\n",
        "ldap_bind_pw = hunter2secret\n",
        "virtual_mysql_password = hunter2secret\n",
    ],
)
def test_report__never_shows_a_password(text):
    report = imported(source("main.cf", f"mynetworks = 10.0.0.0/8\n{text}")).report
    assert not [line for line in report.lines if "hunter2" in f"{line.value} {line.note} {line.name}"]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("${a?yes}", "yes"),
        ("${a:no}", ""),
        ("${none:no}", "no"),
        ("${none?yes}", ""),
        ("${a?{x $a}:{y}}", "x 1"),
        ("${none?{x}:{y ${a}}}", "y 1"),
        ("${a?{x}}", "x"),
        ("${{$a} == {1} ? {x} : {y}}", "${{$a} == {1} ? {x} : {y}}"),
        ("${a", "${a"),
        ("$(a)$$a$", "1$a$"),
        ("${${${", "${${${"),
    ],
)
def test_variable__in_each_form__is_expanded_as_postconf_says(value, wanted):
    assert read_main_cf(f"a = 1\nv = {value}\n").get("v") == wanted


def test_list__braces_keep_an_item_together():
    assert items_of("a, { b c, {d} } inline:{e = f}g,") == ["a", "{ b c, {d} }", "inline:{e = f}g"]
    assert items_of("} a { b") == ["}", "a", "{ b"]


def test_network__mapped_ipv4__is_ipv4():
    assert (network("[::ffff:127.0.0.0]/104"), network("::ffff:10.1.2.3")) == ("127.0.0.0/8", "10.1.2.3")
