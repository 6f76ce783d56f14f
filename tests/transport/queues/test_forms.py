"""One message in several forms, on a whole node: the outside sees other addresses, a group's owner gets its reports."""

import asyncio

import pytest

from tests.support.transport import Transport, document
from transport.config.objects import AcceptedDomain, AddressRewriteEntry, DistributionGroup, DomainType
from transport.model.event import EventId
from transport.model.next_hop import SUBMISSION
from transport.model.queue_filter import QueueFilter
from transport.model.queue_order import QueueOrder, Verb
from transport.ports.node import Ports
from transport.ports.recipients import EntryKind, RecipientEntry
from transport.ports.unavailable import LookupUnavailable

BODY = (
    b"From: Ann\r\n <ann@corp.local>\r\nTo: x@out.example,\r\n\tbob@corp.local\r\nSubject: s\r\n\r\nann@corp.local\r\n"
)
SEEN = BODY.replace(b"ann@corp.local>", b"ann@acme.example>").replace(b"bob@corp.local", b"bob@acme.example")
DOMAINS = (
    AcceptedDomain(id="acme", name="acme", domain="acme.example"),
    AcceptedDomain(id="corp", name="corp", domain="corp.local"),
)
REWRITE = AddressRewriteEntry(id="r", name="Seen", internal_address="corp.local", external_address="acme.example")


def group(*members, **fields):
    base = {"id": "g", "name": "All", "address": "all@acme.example", "is_sender_authentication_required": False}
    return DistributionGroup(**base | {"members": members} | fields)


@pytest.fixture
def node(tmp_path, sink):
    made = []

    def start(ports=None, **sections):
        sections = {"accepted_domains": DOMAINS} | sections
        transport = Transport(tmp_path, document(sink, relay_from="127.0.0.0/8", **sections), ports=ports)
        made.append(transport.__enter__())
        return transport

    yield start
    for transport in made:
        transport.__exit__(None, None, None)


def arrived(sink, count):
    """By recipients: the envelope sender, and the message without our Received field."""
    return {one.rcpt_to: (one.mail_from, one.data[one.data.index(b"From:") :]) for one in sink.wait_for(count)}


def test_rewriting__outside_only__is_one_message_changed_in_place(node, sink):
    relay = node(address_rewriting=(REWRITE,))
    assert relay.send("ann@corp.local", ["x@out.example", "y@out.example"], BODY).is_accepted
    assert arrived(sink, 1) == {("x@out.example", "y@out.example"): ("ann@acme.example", SEEN)}
    assert [e.detail for e in relay.events() if e.event is EventId.AGENT_INFO] == [{"rewritten_by": ["r"]}]


def test_rewriting__inside_and_outside__each_sees_its_own(node, sink):
    relay = node(address_rewriting=(REWRITE,))
    assert relay.send("ann@corp.local", ["x@out.example", "bob@corp.local"], BODY).is_accepted
    assert arrived(sink, 2) == {
        ("x@out.example",): ("ann@acme.example", SEEN),
        ("bob@corp.local",): ("ann@corp.local", BODY),
    }
    transfer = next(e for e in relay.events() if e.event is EventId.TRANSFER)
    copy = next(e for e in relay.events() if e.message_id == transfer.detail["copy_message_id"])
    assert copy.event is EventId.RECEIVE and copy.detail["about_message_id"] == transfer.message_id
    assert copy.detail["recipients"] == transfer.detail["to"] == ["x@out.example"]
    assert transfer.detail["rewritten_by"] == ["r"]


def test_rewriting__mail_to_what_the_outside_sees__comes_back(node, sink):
    relay = node(address_rewriting=(REWRITE,))
    assert relay.send("x@out.example", ["bob@acme.example"], BODY).is_accepted
    assert arrived(sink, 1) == {("bob@corp.local",): ("x@out.example", BODY)}


def test_rewriting__outbound_only__leaves_what_comes_in(node, sink):
    relay = node(address_rewriting=(REWRITE.model_copy(update={"is_outbound_only": True}),))
    assert relay.send("x@out.example", ["bob@acme.example"], BODY).is_accepted
    assert list(arrived(sink, 1)) == [("bob@acme.example",)]


def test_owner__reports_about_members_go_there_and_not_to_the_sender(node, sink):
    sink.reply("rcpt", "550 5.1.1 gone", recipient="gone@out.example")
    relay = node(distribution_groups=(group("ok@out.example", "gone@out.example", owner_address="boss@acme.example"),))
    assert relay.send("s@acme.example", ["all@acme.example", "s2@out.example"], BODY).is_accepted
    found = {one.rcpt_to: one for one in sink.wait_for(3)}
    assert found["ok@out.example",].mail_from == "boss@acme.example"
    assert found["s2@out.example",].mail_from == "s@acme.example"
    assert b"gone@out.example" in found["boss@acme.example",].data


@pytest.mark.parametrize("others", [[], ["s2@out.example"]], ids=["alone", "beside another"])
def test_owner__who_asked_hears_once_that_the_list_took_it_and_nothing_of_its_members(node, sink, others):
    sink.extensions = ("PIPELINING",)  # no DSN: what is relayed is told by us
    relay = node(distribution_groups=(group("a@out.example", "b@out.example", owner_address="boss@acme.example"),))
    asked = {"mail_parameters": "RET=HDRS ENVID=QQ7", "rcpt_parameters": "NOTIFY=SUCCESS"}
    assert relay.send("s@acme.example", ["all@acme.example", *others], BODY, **asked).is_accepted
    found = [one for one in sink.wait_for(2 + 2 * len(others)) if one.rcpt_to == ("s@acme.example",)]
    (report,) = [one.data for one in found if b"Action: delivered" in one.data]
    assert b"Final-Recipient: rfc822; all@acme.example" in report and b"Original-Envelope-Id: QQ7" in report
    assert b"a@out.example" not in report and len(found) == 1 + len(others)


def test_owner__who_did_not_ask_hears_nothing_of_success(node, sink):
    relay = node(distribution_groups=(group("a@out.example", owner_address="boss@acme.example"),))
    assert relay.send("s@acme.example", ["all@acme.example"], BODY).is_accepted
    sink.wait_for(1)
    relay.run(asyncio.sleep(0.3))
    assert [one.rcpt_to for one in sink.received] == [("a@out.example",)]


def test_owner__null_sender__stays_so_that_no_report_loops(node, sink):
    relay = node(distribution_groups=(group("ok@out.example", owner_address="boss@acme.example"),))
    assert relay.send("", ["all@acme.example"], BODY).is_accepted
    assert arrived(sink, 1) == {("ok@out.example",): ("", BODY)}


class Late:
    """A directory that answers only once it is there."""

    is_there = False

    def find(self, address):
        if not self.is_there:
            raise LookupUnavailable("not yet")
        return RecipientEntry(address, EntryKind.MAILBOX, address)


def test_decided_late__reads_its_body_from_the_spool_and_leaves_once_in_each_form(node, sink):
    late = Late()
    domains = (DOMAINS[0], DOMAINS[1].model_copy(update={"domain_type": DomainType.AUTHORITATIVE}))
    owned = group("x@out.example", "bob@corp.local", owner_address="boss@acme.example")
    relay = node(
        Ports(recipients=late), accepted_domains=domains, distribution_groups=(owned,), address_rewriting=(REWRITE,)
    )
    assert relay.send("ann@corp.local", ["all@acme.example"], BODY).is_accepted
    assert relay.service.snapshot().messages == 1 and not sink.received
    late.is_there = True
    assert relay.call(lambda: relay.service.retry_queue(str(SUBMISSION))) == 1
    assert arrived(sink, 2) == {
        ("x@out.example",): ("boss@acme.example", SEEN),
        ("bob@corp.local",): ("boss@acme.example", BODY),
    }
    sink.wait_until(lambda: relay.call(lambda: relay.service.snapshot().messages) == 0)


def test_decided_late__held_by_a_rule_and_let_go__is_not_held_again_in_another_form(node, sink):
    late = Late()
    domains = (DOMAINS[0], DOMAINS[1].model_copy(update={"domain_type": DomainType.AUTHORITATIVE}))
    owned = group("x@out.example", "bob@corp.local", owner_address="boss@acme.example")
    relay = node(
        Ports(recipients=late),
        accepted_domains=domains,
        distribution_groups=(owned,),
        address_rewriting=(REWRITE,),
        mail_flow_rules=({"id": "r", "name": "R", "actions": [{"kind": "HoldMessage"}]},),
    )
    assert relay.send("ann@corp.local", ["all@acme.example"], BODY).is_accepted
    job = relay.run(relay.service.control.start(QueueOrder(Verb.RESUME, QueueFilter(), by="olga")))
    sink.wait_until(lambda: job.is_finished and job.done == 1)
    late.is_there = True
    relay.call(lambda: relay.service.retry_queue(str(SUBMISSION)))
    assert set(arrived(sink, 2)) == {("x@out.example",), ("bob@corp.local",)}
