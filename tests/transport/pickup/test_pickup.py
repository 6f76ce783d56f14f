"""The Pickup directory on a whole node: what is dropped there arrives, nothing is lost, what is wrong is told."""

import os
import threading
import time
from types import SimpleNamespace

import pytest

from tests.support.transport import Transport, document
from transport.config.objects import AcceptedDomain, DomainType, Organization, Recipient
from transport.model.event import EventId
from transport.pickup import pickup
from transport.pickup.folder import PickupFolder
from transport.ports.node import Ports
from transport.ports.recipients import RecipientEntry

LETTER = b"From: a@acme.example\nTo: b@partner.example\nBcc: c@partner.example\nSubject: dropped\n\nx\n"
ORGANIZATION = {"hostname": "relay.test", "retry_ladder": "1s..."}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(pickup, "POLL_S", 0.1)
    monkeypatch.setitem(pickup.Pickup.__init__.__kwdefaults__, "poll_s", 0.1)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "nodes" / "transport-1" / "pickup"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def node(tmp_path, folder, sink):
    with Transport(tmp_path, flow(sink)) as running:
        yield running


ACME = AcceptedDomain(id="acme", name="acme.example", domain="acme.example", domain_type=DomainType.AUTHORITATIVE)


def flow(sink=None, **fields):
    return document(sink, organization=Organization(**ORGANIZATION | fields), accepted_domains=(ACME,))


def drop(folder, name="letter.eml", content=LETTER):
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (time.time() - 60, time.time() - 60))
    return path


def until(condition, timeout_s=10.0):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def events(node, event):
    return [one for one in node.events() if one.event is event]


def test_file__dropped__arrives_at_everybody_without_a_policy_and_is_gone(node, folder, sink):
    drop(folder)
    received = sink.wait_for(1)[0]
    assert (received.mail_from, sorted(received.rcpt_to)) == (
        "a@acme.example", ["b@partner.example", "c@partner.example"])  # fmt: skip
    assert b"Bcc" not in received.data and b"c@partner" not in received.data
    assert received.data.startswith(b"Received: by relay.test (Mailconsole Pickup) id ")
    until(lambda: names(folder) == [])
    (event,) = events(node, EventId.RECEIVE)
    assert event.reason == "Picked up from the file letter.eml."
    assert (event.detail["source"], event.detail["subject"], event.peer) == ("PICKUP", "dropped", "")


def test_file__that_cannot_be_sent__becomes_bad_and_is_told_with_the_reason(node, folder, sink):
    (folder / "letter.bad").write_bytes(b"an older one")
    drop(folder, content=b"no header at all\n")
    until(lambda: names(folder) == ["letter-2.bad", "letter.bad"])
    until(lambda: events(node, EventId.BAD_MAIL))
    assert events(node, EventId.BAD_MAIL)[0].reason == (
        "letter.eml in the Pickup directory is now letter-2.bad. "
        "Line 1 is no header field, and no empty line ended the header before it."
    )
    assert sink.received == []


def test_file__larger_than_the_limit__becomes_bad_unread(tmp_path, folder, sink):
    with Transport(tmp_path, flow(sink, pickup_directory_max_message_size="10 KB")) as node:
        drop(folder, content=LETTER + b"x" * 20_000)
        until(lambda: names(folder) == ["letter.bad"])
        until(lambda: events(node, EventId.BAD_MAIL))
        assert "It is larger than 10 KB." in events(node, EventId.BAD_MAIL)[0].reason


def test_link_pipe_and_folder__are_set_aside_and_never_followed(node, folder, sink, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(LETTER)
    (folder / "link.eml").symlink_to(secret)
    os.mkfifo(folder / "pipe.eml")
    (folder / "folder.eml").mkdir()
    for path in folder.iterdir():
        os.utime(path, (0, 0), follow_symlinks=False)
    until(lambda: names(folder) == ["folder.bad", "link.bad", "pipe.bad"])
    assert sink.received == [] and secret.read_bytes() == LETTER


def test_other_files_and_one_being_written__are_left_alone(node, folder, sink):
    (folder / "letter.txt").write_bytes(LETTER)
    fresh = folder / "fresh.eml"
    for _ in range(5):
        fresh.write_bytes(LETTER[:30])
        time.sleep(0.15)
    assert names(folder) == ["fresh.eml", "letter.txt"]
    assert sink.received == []


def test_unknown_recipient__sender_hears_of_it_and_the_others_get_the_mail(tmp_path, folder, sink):
    own = Recipient(id="anna", name="Anna", address="anna@acme.example")

    class Empty:
        def find(self, address: str) -> RecipientEntry | None:
            return None

    config = flow(sink).model_copy(update={"recipients": (own,)})
    with Transport(tmp_path, config, ports=Ports(recipients=Empty())):
        drop(folder, content=b"From: anna@acme.example\nTo: nobody@acme.example, b@partner.example\n\nx\n")
        received = {message.rcpt_to: message for message in sink.wait_for(2)}
    assert ("b@partner.example",) in received
    report = received[("anna@acme.example",)]
    assert report.mail_from == "" and b"nobody@acme.example" in report.data and b"5.1.1" in report.data


def test_directory_cannot_answer__file_waits_until_it_can(node, folder, sink):
    drop(folder, content=b"From: a@acme.example\nTo: anna@acme.example\n\nx\n")  # NoDirectory knows nothing
    time.sleep(0.6)
    assert names(folder) == ["letter.eml"] or names(folder) == ["letter.transport-1.tmp"]
    assert sink.received == [] and events(node, EventId.BAD_MAIL) == []


def test_more_than_a_minute_may__the_rest_waits(tmp_path, folder, sink):
    with Transport(tmp_path, flow(sink, pickup_directory_max_messages_per_minute=3)):
        for number in range(5):
            drop(folder, f"{number}.eml")
        sink.wait_for(3)
        time.sleep(0.5)
        assert len(sink.received) == 3 and len(names(folder)) == 2


def test_back_pressure__medium__stops_it_and_low_lets_it_go_on(node, folder, sink):
    async def look():  # the levels are set here
        pass

    pressure = SimpleNamespace(look=look, why_not_accepting="", why_not_from_outside="The queue is long.")
    node.service._parts.intake.why_not_from_outside = pressure.why_not_from_outside
    node.service._parts.pressure = pressure
    drop(folder)
    time.sleep(0.4)
    assert names(folder) == ["letter.eml"]
    pressure.why_not_from_outside = node.service._parts.intake.why_not_from_outside = ""
    assert sink.wait_for(1)


def test_switched_off__files_stay_and_switched_on_again__go(tmp_path, folder, sink):
    with Transport(tmp_path, flow(sink, is_pickup_enabled=False)) as node:
        drop(folder)
        time.sleep(0.4)
        assert names(folder) == ["letter.eml"]
        node.reload(flow(sink))
        assert sink.wait_for(1)


def test_spool_cannot_store__file_is_put_back_and_sent_later(node, folder, sink, monkeypatch):
    from transport.ports.spool import SpoolUnavailable

    intake = node.service._parts.intake
    real, refused = intake.submit, threading.Event()

    def submit(*arguments, **options):
        refused.set()
        raise SpoolUnavailable("disk full")

    monkeypatch.setattr(intake, "submit", submit)
    drop(folder)
    assert refused.wait(5)
    assert sink.received == []
    monkeypatch.setattr(intake, "submit", real)
    assert sink.wait_for(1)
    until(lambda: names(folder) == [])


def test_node_died_between_claim_and_commit__file_is_sent_after_the_start(tmp_path, folder, sink):
    drop(folder, "letter.transport-1.tmp")
    drop(folder, "letter.eml", LETTER.replace(b"dropped", b"newer"))
    drop(folder, "other.transport-2.tmp")  # another node's that shares the directory
    with Transport(tmp_path, flow(sink)):
        subjects = {message.headers("Subject")[0] for message in sink.wait_for(2)}
    assert subjects == {b"dropped", b"newer"}
    assert names(folder) == ["other.transport-2.tmp"]


def test_directory_unusable__is_told_once_and_mail_goes_on(tmp_path, sink):
    (tmp_path / "nodes" / "transport-1").mkdir(parents=True)
    (tmp_path / "nodes" / "transport-1" / "pickup").write_text("a file, not a folder")
    with Transport(tmp_path, document(sink, relay_from="127.0.0.0/8")) as node:
        assert node.send("a@acme.example", ["b@partner.example"], b"x\r\n").is_accepted
        time.sleep(0.5)
        told = events(node, EventId.BAD_MAIL)
        assert len(told) == 1 and "The Pickup directory can't be used" in told[0].reason


def test_claim__two_nodes_share_the_directory__one_gets_the_file(tmp_path):
    one, two = (PickupFolder(tmp_path, node=f"transport-{n}", clock=time.time) for n in (1, 2))
    one.prepare()
    drop(tmp_path)
    claims = [one.claim("letter.eml"), two.claim("letter.eml")]
    assert claims[1] is None and claims[0].path.name == "letter.transport-1.tmp"
    assert two.prepare() == [] and one.prepare() == ["letter.eml"]


def test_names__of_any_octets__are_told_as_text(tmp_path):
    found = PickupFolder(tmp_path, node="n", clock=time.time)
    drop(tmp_path, os.fsdecode(b"\xff\n.eml"))
    (name,) = found.waiting(10)
    claimed = found.claim(name)
    assert claimed.name == "\ufffd\n.eml"
    assert found.set_aside(claimed) == "\ufffd\n.bad"


def test_mail_flow_rules__look_at_files_too__and_one_that_rejects_sets_it_aside(tmp_path, folder, sink):
    asked = [{"kind": "SubjectContainsWords", "values": ["secret"]}]
    inside = [{"kind": "FromScope", "values": ["InOrganization"]}]
    rules = [
        {"id": "no", "name": "No", "conditions": asked, "actions": [{"kind": "RejectMessage", "text": "no"}]},
        {"id": "mark", "name": "Mark", "priority": 1, "conditions": inside,
         "actions": [{"kind": "SetHeader", "header": "X-Inside", "text": "yes"}]},
    ]  # fmt: skip
    config = document(sink, organization=Organization(**ORGANIZATION), accepted_domains=(ACME,), mail_flow_rules=rules)
    with Transport(tmp_path, config) as node:
        drop(folder, "bad.eml", LETTER.replace(b"dropped", b"secret"))
        until(lambda: events(node, EventId.BAD_MAIL))
        assert "The mail flow rule No fits" in events(node, EventId.BAD_MAIL)[0].reason
        drop(folder)
        assert b"X-Inside: yes\r\n" in sink.wait_for(1)[0].data
        assert events(node, EventId.RECEIVE)[0].detail["trail"][0][:2] == ["mail_flow_rules", "mark"]


def test_submit_own__console_s_mail__arrives_with_the_null_reverse_path_and_is_recorded(node, sink):
    queue_id = node.run(node.service.submit_own(LETTER))
    received = sink.wait_for(1)[0]
    assert (received.mail_from, sorted(received.rcpt_to)) == ("", ["b@partner.example", "c@partner.example"])
    assert queue_id.encode() in received.data
    (event,) = events(node, EventId.RECEIVE)
    assert event.reason == "Written by the console."


def test_submit_own__no_message_or_unknown_recipient__is_refused_or_never_reported_back(tmp_path, sink):
    class Empty:
        def find(self, address: str) -> RecipientEntry | None:
            return None

    with Transport(tmp_path, flow(sink), ports=Ports(recipients=Empty())) as node:
        with pytest.raises(ValueError, match="no header field"):
            node.run(node.service.submit_own(b"no header at all\n"))
        node.run(node.service.submit_own(LETTER.replace(b"b@partner.example", b"nobody@acme.example")))
        assert sink.wait_for(1)[0].rcpt_to == ("c@partner.example",)
        until(lambda: events(node, EventId.FAIL))
        assert events(node, EventId.DSN) == []
