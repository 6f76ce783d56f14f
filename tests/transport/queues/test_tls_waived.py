"""TLS-Required: No (RFC 8689): read from the header, kept over a restart, and a queue of its own."""

import pytest

from tests.support.transport import Transport, document
from transport.config.objects import AddressSpace, SendConnector
from transport.model.queue_filter import QueueFilter
from transport.ports.node import Ports
from transport.ports.resolver import NextHopUnresolved

WAIVED = "DnsConnectorDeliveryTlsWaived/out/partner.invalid"
KEPT = "DnsConnectorDelivery/out/partner.invalid"


class NoDns:
    """A resolver that cannot tell."""

    async def exchangers(self, domain, *, port):
        raise NextHopUnresolved("Nobody can tell.", is_temporary=True, enhanced="4.4.3")

    smart_host = exchangers


def queues(node):
    return [row.queue for row in node.run(node.service.control.page(QueueFilter(), offset=0, limit=10)).rows]


@pytest.mark.parametrize(("parameters", "queue"), [("", WAIVED), ("REQUIRETLS", KEPT)])
def test_header__waives_unless_the_envelope_requires(tmp_path, parameters, queue):
    out = SendConnector(id="out", name="Out", address_spaces=(AddressSpace(domain="*"),))
    config = document(relay_from="127.0.0.1", send_connectors=(out,))
    data = b"TLS-Required: No\r\nSubject: x\r\n\r\nx\r\n"
    with Transport(tmp_path, config, ports=Ports(resolver=NoDns())) as node:
        sent = node.send(
            "a@acme.example", ["b@partner.invalid"], data, mail_parameters=parameters, tls=bool(parameters)
        )
        assert sent.is_accepted
        assert queues(node) == [queue]
    with Transport(tmp_path, config, ports=Ports(resolver=NoDns())) as node:
        assert queues(node) == [queue]
        refused = out.model_copy(update={"is_tls_required_no_honoured": False})
        node.reload(document(relay_from="127.0.0.1", send_connectors=(refused,)))
        assert queues(node) == [KEPT]
