"""A setting that cannot be used is refused before any socket opens."""

import pytest

from directory.errors import InsecureConnectionRefused, InvalidSourceSettings
from directory.settings import Security, Server, SourceSettings, parse_servers, tls_context
from directory.sign_in import check_password


def test_parse_servers__hosts_ports_and_ipv6__in_their_order():
    found = parse_servers("dc1.corp.example, dc2:3269\n[::1]:636 ldaps://dc3/", Security.LDAPS)
    assert found == (Server("dc1.corp.example", 636), Server("dc2", 3269), Server("::1", 636), Server("dc3", 636))
    assert [str(one) for one in found][2] == "[::1]:636"


@pytest.mark.parametrize("text", ["dc1:", "dc1:ldap", "dc1:0", "dc1:70000", "[::1", ":636"])
def test_parse_servers__no_server__is_named(text):
    with pytest.raises(InvalidSourceSettings, match="is no server"):
        parse_servers(text, Security.LDAPS)


def settings(**more):
    return SourceSettings(
        **{"servers": (Server("dc1", 636),), "base_dn": "DC=x", "bind_user": "u", "bind_password": "secret"} | more
    )


def test_settings__plain_ldap__is_refused_unless_allowed():
    with pytest.raises(InsecureConnectionRefused):
        settings(security=Security.PLAIN)
    assert settings(security=Security.PLAIN, allow_plain=True)


def test_settings__shown__hold_no_password():
    assert "secret" not in repr(settings())


@pytest.mark.parametrize("more", [{"servers": ()}, {"page_size": 0}, {"page_size": 5000}])
def test_settings__out_of_range__are_refused(more):
    with pytest.raises(InvalidSourceSettings):
        settings(**more)


def test_tls_context__ca_is_no_certificate__is_refused():
    with pytest.raises(InvalidSourceSettings, match="CA certificate"):
        tls_context("not a certificate")


def test_check_password__plain_ldap__is_refused_though_reading_is_allowed():
    with pytest.raises(InsecureConnectionRefused, match="plain LDAP"):
        check_password(settings(security=Security.PLAIN, allow_plain=True), name="anna", password="x")
