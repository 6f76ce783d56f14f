"""A hosted node: what runs is reported, what can't run is refused and said, and mail waits for nobody (law 3)."""

import dataclasses
import time

import pytest
from django.db import OperationalError

from mailconsole.environment import HostPort
from mailconsole.nodes.models import Activation, ActivationState, Node
from mailconsole.nodes.snapshots import read_snapshots
from mailconsole.runtime import commands, config_watch, queue_commands, shipper
from mailconsole.runtime.config_watch import ConfigWatch
from mailconsole.runtime.host import TransportHost
from mailconsole.runtime.wiring import NodeAlreadyRuns, read_last_good
from mailconsole.tracking.models import Refusal, ShipperOffset
from tests.mailconsole.changes.kit import publish_policy
from tests.mailconsole.runtime.conftest import NODE, smtp_address, wait_until
from tests.support.pace import at_pace
from tests.support.smtp import SmtpClient, send
from transport.config.document import MailFlow
from transport.config.objects import ReceiveConnector


def running_revision() -> int | None:
    return Node.objects.values_list("running_revision", flat=True).filter(name=NODE).first()


def refused_attempt(host) -> str:
    return send(*smtp_address(host), "a@x.example", ["b@y.example"], b"Subject: x\r\n\r\nx\r\n").last.text


def test_host__started__reports_itself_and_keeps_what_it_runs(host):
    wait_until(lambda: running_revision() == 1)
    node = Node.objects.get(name=NODE)
    assert node.is_accepting
    assert node.worker == f"{NODE}@test"
    assert "{}:{}".format(*smtp_address(host)) in node.listening
    assert Activation.objects.get(revision=1, node=node).state == ActivationState.ACTIVE
    wait_until(lambda: [shown.node for shown in read_snapshots()] == [NODE])
    kept = read_last_good(NODE)
    assert kept is not None
    assert kept.number == 1


def test_host__revision_published__runs_it_within_two_seconds(host):
    wait_until(lambda: running_revision() == 1)
    began = time.monotonic()
    publish_policy()
    wait_until(lambda: running_revision() == 2)
    assert time.monotonic() - began < at_pace(2)
    assert host.call(lambda service: service.revision) == 2
    kept = read_last_good(NODE)
    assert kept is not None
    assert [policy.name for policy in kept.document.relay_policies] == ["Scanners"]


def test_host__hint__looks_at_once(host, monkeypatch):
    wait_until(lambda: running_revision() == 1)
    monkeypatch.setattr(ConfigWatch, "every_s", 60.0)
    time.sleep(0.3)  # the watch goes to its long sleep
    publish_policy()
    commands.serve(host)
    assert commands.configuration_published(None, number=2) == {"ok": ""}
    wait_until(lambda: host.call(lambda service: service.revision) == 2, timeout_s=5)


def test_host__revision_it_cannot_run__keeps_the_old_one_and_says_why(host, monkeypatch):
    wait_until(lambda: running_revision() == 1)
    tie = tuple(ReceiveConnector(id=name, name=name, bindings=("smtp",)) for name in ("one", "two"))
    broken = MailFlow.model_validate({**dict(host.running.document), "receive_connectors": tie})
    monkeypatch.setattr(config_watch, "load_document", lambda number: broken)
    publish_policy()
    wait_until(lambda: Activation.objects.filter(revision=2, state=ActivationState.REFUSED).exists())
    assert Activation.objects.get(revision=2).error
    assert running_revision() == 1
    assert host.call(lambda service: service.revision) == 1
    kept = read_last_good(NODE)
    assert kept is not None
    assert kept.number == 1


def test_host__database_goes_away__mail_goes_on_and_events_arrive_later(host, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("no connection")

    wait_until(lambda: running_revision() == 1)
    with monkeypatch.context() as broken:
        broken.setattr(config_watch, "head_number", away)
        broken.setattr(shipper, "ingest_events", away)
        assert refused_attempt(host).startswith("550 5.7.1")
        time.sleep(1)
        assert not ShipperOffset.objects.filter(sequence__gt=0).exists()
    wait_until(lambda: ShipperOffset.objects.filter(node__name=NODE, sequence__gt=0).exists(), timeout_s=15)


def test_host__stranger_declares_a_size_that_no_column_holds__tracking_goes_on(host):
    with SmtpClient(*smtp_address(host)) as client:
        client.expect_reply()
        client.command("EHLO x.example")
        assert client.command("MAIL FROM:<a@x.example> SIZE=99999999999999999999").text.startswith("552 5.3.4")
    assert refused_attempt(host).startswith("550 5.7.1")
    wait_until(lambda: Refusal.objects.count() == 2)
    assert Refusal.objects.get(stage="mail").size_bytes == 2**63 - 1


def test_host__redis_goes_away__mail_goes_on(host, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    time.sleep(1.2)
    assert refused_attempt(host).startswith("550 5.7.1")


def test_commands__no_such_queue__say_so(host):
    commands.serve(host)
    answer = commands.retry_queue(None, queue_key="nowhere", actor="operator")
    assert answer == {"error": "there is no such queue now"}


def test_commands__no_transport_in_this_worker__say_so(monkeypatch):
    monkeypatch.setattr(commands, "_hosts", [])
    answer = commands.retry_queue(None, queue_key="x", actor="operator")
    assert answer == {"error": "no transport runs in this worker"}
    assert queue_commands.obey_orders(None) == {"error": "no transport runs in this worker"}


def test_host__port_taken__raises_and_leaves_nothing_running(host, settings):
    settings.ENVIRONMENT = dataclasses.replace(settings.ENVIRONMENT, smtp=HostPort("192.0.2.1", 2525))
    second = TransportHost(node="transport-2", worker="transport-2@test")
    with pytest.raises(Exception, match=r"192\.0\.2\.1"):
        second.start()
    assert not second._thread.is_alive()


def test_host__node_runs_already__refuses_to_deliver_everything_twice(host):
    second = TransportHost(node=NODE, worker=f"{NODE}@other")
    with pytest.raises(NodeAlreadyRuns, match="transport-1 already runs"):
        second.start()
    assert not second._thread.is_alive()
    assert refused_attempt(host).startswith("550")
