"""TLS at each level against each kind of server, and credentials over TLS only."""

import asyncio

import pytest

from tests.support.delivery import Delivering
from tests.support.sink import Sink
from tests.support.transport import document
from transport.config.objects import AddressSpace, SendConnector, TlsLevel
from transport.delivery import certificate_names
from transport.delivery.tls_context import ClientCertificate
from transport.model.event import EventId
from transport.ports.unavailable import LookupUnavailable


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


NAMED = {"level": TlsLevel.DOMAIN_VALIDATION, "tls_domain": "mx.partner.example"}


async def test_tls_domain__is_what_the_certificate_must_carry(authority):
    leaf = authority.issue("mx.partner.example")
    with Sink(tls_chain=leaf.chain, tls_key=leaf.key) as sink:
        event = await outcome_of(through(f"127.0.0.1:{sink.port}", **NAMED), ca=authority.path)
        assert event.event is EventId.SEND
        other = through(f"127.0.0.1:{sink.port}", **NAMED | {"tls_domain": "*.other.example"})
        event = await outcome_of(other, ca=authority.path)
    assert event.event is EventId.DEFER and event.detail["status"] == "4.7.5"
    assert "it carries mx.partner.example, not *.other.example" in event.reason and len(sink.received) == 1


@pytest.mark.parametrize(
    ("carried", "wanted", "is_accepted"),
    [
        ("mx.acme.example", "MX.acme.example", True),
        ("mx.acme.example", "acme.example", False),
        ("mx.acme.example", "*.acme.example", True),
        ("a.mx.acme.example", "*.acme.example", True),
        ("acme.example", "*.acme.example", True),
        ("evilacme.example", "*.acme.example", False),
        ("*.acme.example", "mx.acme.example", True),
        ("*.acme.example", "a.mx.acme.example", False),
        ("*.acme.example", "*.acme.example", True),
        ("*.example", "acme.example", False),
        ("*", "acme", False),
    ],
)
def test_certificate_name(carried, wanted, is_accepted):
    assert certificate_names.carries([carried], wanted) is is_accepted


async def test_client_certificate__is_shown_where_the_connector_says_so(authority, certificate):
    ours = authority.issue("relay.acme.example")
    own = ClientCertificate(ours.chain, ours.key)
    with Sink(tls_chain=certificate.chain, tls_key=certificate.key, client_ca=authority.path) as sink:
        for is_shown in (True, False):
            config = through(
                f"127.0.0.1:{sink.port}", level=TlsLevel.ENCRYPTION_ONLY, is_client_certificate_shown=is_shown
            )
            event = await outcome_of(config, certificates=lambda name: own)
            assert event.event is (EventId.SEND if is_shown else EventId.DEFER)
    assert [message.client_certificate for message in sink.received] == ["relay.acme.example"]


async def test_client_certificate__by_name__and_one_that_is_not_there_sends_nothing(authority, certificate):
    ours = authority.issue("partner-link.acme.example")
    known = {"partner-link": ClientCertificate(ours.chain, ours.key)}
    with Sink(tls_chain=certificate.chain, tls_key=certificate.key, client_ca=authority.path) as sink:
        for name, event_id in (("partner-link", EventId.SEND), ("gone", EventId.DEFER)):
            config = through(
                f"127.0.0.1:{sink.port}",
                level=TlsLevel.OPPORTUNISTIC,
                is_client_certificate_shown=True,
                tls_certificate_name=name,
            )
            event = await outcome_of(config, certificates=known.get)
            assert event.event is event_id
    assert event.reason == "The certificate gone that the connector shows is not on this node."
    assert [message.client_certificate for message in sink.received] == ["partner-link.acme.example"]


async def test_client_certificate__renewed__is_shown_from_the_next_connection_on(authority, certificate, tmp_path):
    chain, key = tmp_path / "own.pem", tmp_path / "own.key"
    with Sink(tls_chain=certificate.chain, tls_key=certificate.key, client_ca=authority.path) as sink:
        config = through(
            f"127.0.0.1:{sink.port}",
            level=TlsLevel.ENCRYPTION_ONLY,
            max_messages_per_connection=1,
            is_client_certificate_shown=True,
        )
        async with Delivering(config, certificates=lambda _: ClientCertificate(chain, key)) as node:
            for name in ("old.acme.example", "new.acme.example"):
                issued = authority.issue(name)
                chain.write_bytes(issued.chain.read_bytes())
                key.write_bytes(issued.key.read_bytes())
                before = len(sink.received)
                node.enqueue("b@partner.example")
                await asyncio.to_thread(sink.wait_for, before + 1)
    assert [message.client_certificate for message in sink.received] == ["old.acme.example", "new.acme.example"]


async def requiring_tls(config, *, ca):
    async with Delivering(config, ca_file=ca) as node:
        node.enqueue("b@partner.example", requires_tls=True)
        event = await node.first_attempt()
        await node.until(lambda: event.event is EventId.SEND or node.dsns)
        return event, [node.spool.bodies[dsn.id] for dsn in node.dsns]


async def test_requiretls__goes_on_to_a_verified_peer_that_offers_it(tls_sink, certificate):
    tls_sink.extensions = (*tls_sink.extensions, "REQUIRETLS")
    config = through(f"127.0.0.1:{tls_sink.port}", level=TlsLevel.DOMAIN_VALIDATION)
    event, _ = await requiring_tls(config, ca=certificate.ca)
    assert event.event is EventId.SEND and "REQUIRETLS" in tls_sink.received[0].mail_parameters


@pytest.mark.parametrize(
    ("level", "offers", "why"),
    [
        (TlsLevel.DOMAIN_VALIDATION, (), "does not offer REQUIRETLS"),
        (TlsLevel.CERTIFICATE_VALIDATION, ("REQUIRETLS",), "not verified by a name"),
        (TlsLevel.OPPORTUNISTIC, ("REQUIRETLS",), "not verified by a name"),
        (TlsLevel.NONE, ("REQUIRETLS",), "not verified by a name"),
    ],
)
async def test_requiretls__comes_back_from_any_other(tls_sink, certificate, level, offers, why):
    tls_sink.extensions = (*tls_sink.extensions, *offers)
    event, reports = await requiring_tls(through(f"127.0.0.1:{tls_sink.port}", level=level), ca=certificate.ca)
    assert event.event is EventId.FAIL and event.detail["status"] == "5.7.30" and why in event.reason
    assert b"Status: 5.7.30" in reports[0] and b".first" not in reports[0]  # RFC 8689 5: only its header goes back
    assert not tls_sink.received


async def test_helo_forced__nothing_that_ehlo_brings_is_used(tls_sink):
    config = through(f"127.0.0.1:{tls_sink.port}", level=TlsLevel.OPPORTUNISTIC, is_helo_forced=True)
    event = await outcome_of(config)
    assert event.event is EventId.SEND and not event.detail.get("tls")
    assert tls_sink.commands[:2] == ["HELO relay.test", "MAIL FROM:<a@acme.example>"]
