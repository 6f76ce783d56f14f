"""A device that shows a client certificate relays by its policy, and nobody else does, on a whole node."""

import shutil
import ssl

import pytest

from tests.support.smtp import SmtpClient
from tests.support.transport import Transport, document
from transport.config.document import initial_document
from transport.config.objects import RelayPolicy
from transport.model.event import EventId


def connectors():
    patient = {"tarpit_interval": 0, "is_client_certificate_requested": True}
    return tuple(one.model_copy(update=patient) for one in initial_document().receive_connectors)


@pytest.fixture
def relay(tmp_path, sink, authority):
    (tmp_path / "tls").mkdir()
    shutil.copy(authority.path, tmp_path / "tls" / "client-ca.pem")
    policy = RelayPolicy(
        id="scanner", name="Scanner", client_certificates=("CN=scanner-1.example",), owner="IT", purpose="Scan to mail"
    )
    config = document(sink, receive_connectors=connectors(), relay_policies=(policy,))
    with Transport(tmp_path, config) as transport:
        yield transport


def relayed(relay, certificate):
    """The answer to RCPT TO of an outside recipient, with this certificate shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(certificate.chain, certificate.key)
    with SmtpClient(*relay.address()) as client:
        client.expect_reply()
        client.command("EHLO scanner.example")
        client.command("STARTTLS")
        client.start_tls(context)
        client.command("EHLO scanner.example")
        client.command("MAIL FROM:<scan@acme.example>")
        answer = client.command("RCPT TO:<b@out.example>")
        if answer.is_positive:
            client.command("DATA")
            assert client.data(b"Subject: s\r\n\r\nx\r\n").is_positive
        return answer.text


def test_certificate__named_by_the_policy__relays_and_is_in_the_trail(relay, sink, authority):
    assert relayed(relay, authority.issue("scanner-1.example")).startswith("250")
    assert sink.wait_for(1)[0].rcpt_to == ("b@out.example",)
    received = next(event for event in relay.events() if event.event is EventId.RECEIVE)
    assert ["relay_policies", "scanner", "Scanner", "yes", "Grants the relay; owner IT."] in received.detail["trail"]


def refusals(relay):
    return [event.detail["trail"][-1][4] for event in relay.events() if event.event is EventId.REFUSE]


def test_certificate__of_another_or_none__is_refused_with_the_reason(relay, sink, authority):
    assert relayed(relay, authority.issue("scanner-2.example")) == "550 5.7.1 Unable to relay"
    assert relayed(relay, None) == "550 5.7.1 Unable to relay"
    sink.wait_until(lambda: len(refusals(relay)) == 2)
    told = refusals(relay)
    assert told[0].endswith("is not among its certificates.")
    assert told[1] == "Needs a client certificate: none was shown that verified."
