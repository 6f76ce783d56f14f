"""Mail that is here already while the directory can't answer: asked about again when the organisation says."""

from __future__ import annotations

import time

import pytest

from tests.support.transport import Transport, document
from transport.config.objects import AcceptedDomain, DomainType, Organization
from transport.model.next_hop import SUBMISSION
from transport.ports.node import Ports
from transport.ports.recipients import EntryKind, RecipientEntry
from transport.ports.unavailable import LookupUnavailable


class Directory:
    """Knows the group, and of its member only while it ``is_up``."""

    is_up = False

    def find(self, address):
        if address.startswith("all@"):
            return RecipientEntry(address, EntryKind.GROUP, address, members=("ann@acme.example",))
        if not self.is_up:
            raise LookupUnavailable("it is away")
        return RecipientEntry(address, EntryKind.MAILBOX, address)


def asking_every(interval, sink):
    acme = AcceptedDomain(id="acme", name="acme", domain="acme.example", domain_type=DomainType.AUTHORITATIVE)
    organization = Organization(hostname="relay.test", resolver_retry_interval=interval)
    return document(sink, accepted_domains=(acme,), organization=organization)


@pytest.fixture
def directory():
    return Directory()


def waiting(node):
    queues = node.call(node.service.snapshot).queues
    return [queue.waiting_change for queue in queues if queue.key == str(SUBMISSION) and queue.message_count]


def test_directory_back__is_asked_when_the_interval_ends_and_not_before(tmp_path, sink, directory):
    with Transport(tmp_path, asking_every("1h", sink), ports=Ports(recipients=directory)) as node:
        assert node.send("a@acme.example", ["all@acme.example"], b"Subject: 1\r\n\r\nx\r\n").is_accepted
        assert waiting(node)
        directory.is_up = True
        time.sleep(2.5)
        assert waiting(node) and not sink.received
        node.reload(asking_every("1s", sink))
        sink.wait_for(1)
        assert sink.recipients == ["ann@acme.example"] and not waiting(node)
