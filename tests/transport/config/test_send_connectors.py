"""What a send connector refuses, at the field that is wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from transport.config.objects import AddressSpace, Organization, SendConnector

EVERYTHING = (AddressSpace(domain="*"),)


def connector(**fields: Any) -> SendConnector:
    return SendConnector(**{"id": "out", "name": "Out", "address_spaces": EVERYTHING} | fields)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"fqdn": "mx.acme.example\r\nMAIL FROM:<>"}, "fqdn", "control characters"),
        ({"fqdn": "mx acme"}, "fqdn", "is not a host name"),
        ({"fqdn": "mx\x00"}, "fqdn", "control characters"),
        ({"address_spaces": ()}, "address_spaces", "would serve nothing"),
        ({"home_servers": ({"server": "EX01; "},)}, "home_servers", "is not a home server"),
        ({"home_servers": ({"server": "/o=Acme/cn="},), "address_spaces": ()}, "home_servers", "is not a home server"),
        ({"home_servers": ({"server": "EX01\r\nX"},)}, "home_servers", "control characters"),
        ({"home_servers": ({"server": "E**"},)}, "home_servers", "is not a home server"),
        ({"home_servers": ({"server": "EX01", "cost": 101},)}, "home_servers", "less than or equal to 100"),
        ({"username": "me", "password_secret": "s", "smart_hosts": ("a.example",)}, "username", "over TLS only"),
        ({"username": "me", "tls_level": "EncryptionOnly", "smart_hosts": ("a",)}, "password_secret", "go together"),
        ({"username": "me", "tls_level": "EncryptionOnly", "password_secret": "s"}, "username", "need smart hosts"),
        ({"tls_domain": "acme.example"}, "tls_domain", "DomainValidation only"),
        ({"tls_domain": "*", "tls_level": "DomainValidation"}, "tls_domain", "any name is no name"),
        ({"is_helo_forced": True, "tls_level": "EncryptionOnly"}, "is_helo_forced", "after HELO"),
        ({"downgraded_replies": ("450",)}, "downgraded_replies", "passing already"),
        ({"upgraded_replies": ("550 5.7.1",)}, "upgraded_replies", "final already"),
        ({"upgraded_replies": ("421 4.7.0",)}, "upgraded_replies", "about the connection"),
        ({"upgraded_replies": ("450 5.7.1",)}, "upgraded_replies", "contradicts itself"),
        ({"upgraded_replies": ("later",)}, "upgraded_replies", "is not a reply"),
        ({"retry_ladder": "soon"}, "retry_ladder", "soon"),
        ({"max_message_size": "10 apples"}, "max_message_size", "is not a size"),
    ],
)
def test_refused__at_its_field(fields, field, words):
    with pytest.raises(ValidationError) as refused:
        connector(**fields)
    errors = {str(error["loc"][0]): error["msg"] for error in refused.value.errors()}
    assert words in errors.pop(field) and not errors


def test_taken():
    level = {"tls_level": "DomainValidation", "smart_hosts": ("mx.acme.example",)}
    assert connector(**level, tls_domain="*.Acme.example").tls_domain == "*.acme.example"
    assert connector(downgraded_replies=(" 550  5.7.1", "5.1.1")).downgraded_replies == ("550 5.7.1", "5.1.1")
    assert connector(fqdn=" MX.acme.example ").fqdn == "mx.acme.example"
    legacy = ({"server": "/o=Acme/ou=Exchange Administrative Group/cn=Configuration/cn=Servers/CN=EX01"},)
    assert connector(home_servers=legacy, address_spaces=()).home_servers[0].server == "EX01"
    assert connector(fqdn="[192.0.2.1]").fqdn == "[192.0.2.1]" and connector().fqdn == ""


def test_organisation__its_name_in_smtp_is_a_name():
    with pytest.raises(ValidationError):
        Organization(hostname="mail acme\r\nQUIT")
