"""TLS at each level against each kind of server, and credentials over TLS only."""

import pytest

from tests.support.delivery import Delivering
from tests.support.sink import Sink
from tests.support.transport import document
from transport.config.objects import AddressSpace, SendConnector, TlsLevel
from transport.model.event import EventId
from transport.ports import LookupUnavailable


def through(*hosts: str, level: TlsLevel, **fields):
    base = {"id": "out", "name": "Out", "address_spaces": (AddressSpace(domain="*"),), "smart_hosts": hosts}
    return document(send_connectors=(SendConnector(**base, tls_level=level, **fields),))


@pytest.fixture
def tls_sink(certificate):
    with Sink(tls_chain=certificate.chain, tls_key=certificate.key) as running:
        yield running


async def outcome_of(config, *, ca=None, **options):
    async with Delivering(config, ca_file=ca, **options) as node:
        node.enqueue("b@partner.example")
        return await node.first_attempt()


@pytest.mark.parametrize("level", [TlsLevel.OPPORTUNISTIC, TlsLevel.ENCRYPTION_ONLY])
async def test_any_certificate_will_do(tls_sink, level):
    event = await outcome_of(through(f"127.0.0.1:{tls_sink.port}", level=level))
    assert event.event is EventId.SEND and event.detail["tls"].startswith("TLSv1.")
    assert tls_sink.received[0].tls_version


async def test_none__ignores_starttls(tls_sink):
    event = await outcome_of(through(f"127.0.0.1:{tls_sink.port}", level=TlsLevel.NONE))
    assert event.event is EventId.SEND and tls_sink.received[0].tls_version is None


@pytest.mark.parametrize("level", [TlsLevel.CERTIFICATE_VALIDATION, TlsLevel.DOMAIN_VALIDATION])
async def test_validation__a_trusted_certificate_is_accepted(tls_sink, certificate, level):
    event = await outcome_of(through(f"127.0.0.1:{tls_sink.port}", level=level), ca=certificate.ca)
    assert event.event is EventId.SEND


async def test_validation__an_unknown_ca_is_refused_and_nothing_is_sent(tls_sink):
    event = await outcome_of(through(f"127.0.0.1:{tls_sink.port}", level=TlsLevel.CERTIFICATE_VALIDATION))
    assert event.event is EventId.DEFER and event.detail["status"] == "4.7.5"
    assert "certificate was not accepted" in event.reason
    assert not tls_sink.received


async def test_domain_validation__another_name_is_refused(authority):
    other = authority.issue("mx.other.example")
    with Sink(tls_chain=other.chain, tls_key=other.key) as sink:
        config = through(f"127.0.0.1:{sink.port}", level=TlsLevel.DOMAIN_VALIDATION)
        event = await outcome_of(config, ca=authority.path)
        assert event.event is EventId.DEFER and "certificate was not accepted" in event.reason
        config = through(f"127.0.0.1:{sink.port}", level=TlsLevel.CERTIFICATE_VALIDATION)
        assert (await outcome_of(config, ca=authority.path)).event is EventId.SEND


async def test_required__a_server_without_starttls_gets_nothing(sink):
    event = await outcome_of(through(f"127.0.0.1:{sink.port}", level=TlsLevel.ENCRYPTION_ONLY))
    assert event.event is EventId.DEFER and event.detail["phase"] == "tls"
    assert "does not offer STARTTLS" in event.reason
    assert not any(command.startswith("MAIL") for command in sink.commands)


async def test_credentials__need_the_secret(tls_sink):
    def secrets(name):
        raise LookupUnavailable("the store is locked")

    config = through(f"127.0.0.1:{tls_sink.port}", level=TlsLevel.ENCRYPTION_ONLY, username="me", password_secret="s")
    event = await outcome_of(config, secrets=secrets)
    assert event.event is EventId.DEFER and event.detail["phase"] == "auth" and "the store is locked" in event.reason


async def test_credentials__a_server_without_auth_gets_nothing(tls_sink):
    config = through(f"127.0.0.1:{tls_sink.port}", level=TlsLevel.ENCRYPTION_ONLY, username="me", password_secret="s")
    event = await outcome_of(config, secrets=lambda name: "x")
    assert event.event is EventId.DEFER and "neither AUTH PLAIN nor LOGIN" in event.reason
