"""Controllers by SRV records: the lab's DNS, the order of RFC 2782, and DNS that is away."""

import random
from collections import Counter
from types import SimpleNamespace

import dns.resolver
import pytest

from directory import discovery
from directory.discovery import Controllers, FoundController, find_controllers
from directory.errors import InvalidSourceSettings, ServerUnreachable
from directory.settings import Security, Server, SourceSettings
from directory.source import read_all


@pytest.fixture
def resolver(lab_ad):
    """The domain controller is its domain's name server."""
    made = dns.resolver.Resolver(configure=False)
    made.nameservers = ["127.0.0.10"]
    return made


def settings(**more):
    values = {"servers": (), "base_dn": "DC=x", "bind_user": "x", "bind_password": "x", "domain": "corp.example"} | more
    return SourceSettings(**values)


def test_find__lab__names_the_controller_and_its_site(resolver):
    here = find_controllers("corp.example", "Default-First-Site-Name", resolver=resolver)
    assert [(one.host, one.is_in_site) for one in here] == [("dc1.corp.example", True)]
    elsewhere = find_controllers("corp.example", "Nowhere", resolver=resolver)
    assert [(one.host, one.is_in_site) for one in elsewhere] == [("dc1.corp.example", False)]


def test_find__no_such_domain__says_which_record_is_missing(resolver):
    with pytest.raises(ServerUnreachable, match=r"no SRV record _ldap\._tcp\.dc\._msdcs\.nosuch\.example"):
        find_controllers("nosuch.example", resolver=resolver)


class Answers:
    """A resolver that names these hosts."""

    def __init__(self, *hosts):
        self._hosts = hosts

    def resolve(self, name, kind, *, lifetime):
        return [SimpleNamespace(target=f"{host}.", priority=0, weight=1) for host in self._hosts]


def test_find__hosts_outside_the_domain__are_left_out():
    hosts = ("DC1.Corp.Example", "dc.evil.example", "evilcorp.example", "corp.example.evil.example")
    assert [one.host for one in find_controllers("corp.example", resolver=Answers(*hosts))] == ["dc1.corp.example"]
    with pytest.raises(ServerUnreachable, match=r"no controller within corp\.example"):
        find_controllers("corp.example", "Berlin", resolver=Answers("dc.evil.example"))


def test_read_all__domain_alone__is_read_from_the_controller_that_dns_names(resolver, lab_ad, monkeypatch):
    found = Controllers(lambda domain, site: find_controllers(domain, site, resolver=resolver))
    monkeypatch.setattr("directory.source.controllers", found)
    assert found.of(settings(security=Security.STARTTLS)) == (Server("dc1.corp.example", 389),)
    monkeypatch.setattr(
        discovery, "Server", lambda host, port: Server("127.0.0.11", port)
    )  # no DNS for the lab's names
    one = settings(
        base_dn=lab_ad.base,
        bind_user=lab_ad.reader.user,
        bind_password=lab_ad.reader.password,
        ca_pem=lab_ad.ca_path.read_text(),
        search_filter="(mail=admin.anna@acme.example)",
    )
    assert [r.primary_address for r in read_all(one).recipients] == ["admin.anna@acme.example"]


def test_order__lower_priority_first_and_heavier_more_often():
    found = [FoundController("a", 0, 10, True), FoundController("b", 0, 90, True), FoundController("c", 1, 99, True)]
    chance = random.Random(1)
    first: Counter[str] = Counter()
    for _ in range(500):
        ordered = discovery._ordered(found, chance)
        assert ordered[-1].host == "c"
        first[ordered[0].host] += 1
    assert 400 < first["b"] < 490


def test_controllers__own_site_first_then_the_rest_and_named_ones_before(monkeypatch):
    answers = {
        "_ldap._tcp.Berlin._sites.dc._msdcs.corp.example": ["dc2"],
        "_ldap._tcp.dc._msdcs.corp.example": ["dc1", "dc2", "dc3"],
    }

    def ask(resolver, name, *, is_in_site, may_be_none):
        return [FoundController(host, 0, 100, is_in_site) for host in answers[name]]

    monkeypatch.setattr(discovery, "_ask", ask)
    servers = Controllers().of(settings(site="Berlin", servers=(Server("own", 636),)))
    assert [one.host for one in servers[:2]] == ["own", "dc2"]
    assert {one.host for one in servers[2:]} == {"dc1", "dc3"}


def test_controllers__dns_is_away__go_on_with_what_was_found_last():
    answers = [(FoundController("dc1", 0, 100, False),), ServerUnreachable("DNS cannot be asked.")]
    now = [0.0]

    def find(domain, site):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    found = Controllers(find, clock=lambda: now[0])
    assert found.of(settings()) == (Server("dc1", 636),)
    now[0] += discovery.KEEP_S + 1
    assert found.of(settings()) == (Server("dc1", 636),)
    assert answers == []


def test_controllers__dns_never_answered__cannot_tell():
    def find(domain, site):
        raise ServerUnreachable("DNS cannot be asked.")

    with pytest.raises(ServerUnreachable):
        Controllers(find).of(settings())


@pytest.mark.parametrize("more", [{"domain": "a b"}, {"site": "x)(y"}, {"domain": ""}])
def test_settings__no_name_in_dns__is_refused(more):
    with pytest.raises(InvalidSourceSettings):
        settings(**more)
