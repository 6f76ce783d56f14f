"""Resolution and routing together: each address once, groups in the place of their name, doubts wait."""

from dataclasses import replace

from transport.config.document import MailFlow
from transport.config.objects import AcceptedDomain, AddressSpace, DomainType, SendConnector
from transport.model.address import Address, parse_mailbox
from transport.model.envelope import Message, Recipient
from transport.model.event import EventId
from transport.model.next_hop import SUBMISSION, UNREACHABLE, DeliveryType
from transport.model.outcome import RecipientStatus
from transport.ports.recipients import EntryKind, NoDirectory, RecipientEntry
from transport.ports.unavailable import LookupUnavailable
from transport.queues.categorizer import categorize
from transport.rules.ruleset import compile_ruleset

DOCUMENT = MailFlow(
    accepted_domains=(
        AcceptedDomain(id="acme", name="acme", domain="acme.example", domain_type=DomainType.AUTHORITATIVE),
        AcceptedDomain(id="relay", name="relay", domain="relay.example", domain_type=DomainType.INTERNAL_RELAY),
    ),
    send_connectors=(
        SendConnector(
            id="in", name="In", address_spaces=(AddressSpace(domain="acme.example"),), smart_hosts=("10.0.0.1",)
        ),
        SendConnector(
            id="out", name="Out", address_spaces=(AddressSpace(domain="partner.example"),), max_message_size="1 KB"
        ),
    ),
)


class Directory:
    def __init__(self, *entries):
        self.entries = {entry.address: entry for entry in entries}

    def find(self, address):
        return self.entries.get(address.lower())


def mailbox(address, **fields):
    return RecipientEntry(address, EntryKind.MAILBOX, fields.pop("primary", address), **fields)


def group(address, *members):
    return RecipientEntry(address, EntryKind.GROUP, address, members=members)


def run(directory, *addresses, size=500):
    recipients = [Recipient(i, a := parse_mailbox(text), a) for i, text in enumerate(addresses)]
    message = Message(1, Address("s", "x.example"), recipients, size, 0, 0, "s", "1.2.3.4", "", "", "c", 1, body=b"")
    decided = categorize(compile_ruleset(DOCUMENT), message, message.recipients, directory, now=1.0, new_id=lambda: 2)
    return message, decided


def addresses_of(message):
    return [str(r.address) for r in message.recipients]


def test_categorize__plain_recipients__are_routed_in_place():
    message, decided = run(
        Directory(mailbox("a@acme.example")), "a@acme.example", "b@partner.example", "c@nowhere.example"
    )
    hops = [r.next_hop for r in message.recipients]
    assert [h.connector_id for h in hops[:2]] == ["in", "out"] and hops[2] == UNREACHABLE
    assert message.recipients[2].last_reason == "No send connector covers nowhere.example."
    assert [row["recipients"] for row in decided.routes] == [
        ["a@acme.example"],
        ["b@partner.example"],
        ["c@nowhere.example"],
    ]
    assert decided.events == []


def test_categorize__group__expands_once_with_new_indexes_and_keeps_what_was_asked():
    directory = Directory(
        group("all@acme.example", "a@acme.example", "ring@acme.example", "x@partner.example"),
        group("ring@acme.example", "all@acme.example", "a@acme.example"),
        mailbox("a@acme.example"),
    )
    message, decided = run(directory, "all@acme.example", "a@acme.example")
    assert addresses_of(message) == ["a@acme.example", "x@partner.example"]
    assert len({r.index for r in message.recipients}) == 2
    assert message.recipients[1].original == parse_mailbox("all@acme.example")
    assert message.recipients[1].orcpt == "rfc822;all@acme.example"
    assert [e.event for e in decided.events] == [EventId.EXPAND, EventId.EXPAND]


def test_categorize__forwarding__replaces_or_adds():
    only = mailbox("a@acme.example", forward_to="x@partner.example")
    assert addresses_of(run(Directory(only), "a@acme.example")[0]) == ["x@partner.example"]
    both = replace(only, deliver_and_forward=True)
    assert addresses_of(run(Directory(both), "a@acme.example")[0]) == ["a@acme.example", "x@partner.example"]


def test_categorize__forwarding_in_a_circle__is_a_broken_loop():
    directory = Directory(
        mailbox("a@acme.example", forward_to="b@acme.example"), mailbox("b@acme.example", forward_to="a@acme.example")
    )
    message, decided = run(directory, "a@acme.example")
    assert [(r, o.reply.enhanced) for r, o in decided.failed] == [(message.recipients[0], "5.4.6")]


def test_categorize__secondary_address__is_delivered_to_the_primary():
    message, decided = run(Directory(mailbox("old@acme.example", primary="new@acme.example")), "OLD@acme.example")
    assert addresses_of(message) == ["new@acme.example"]
    assert decided.events[0].event is EventId.RESOLVE


def test_categorize__directory_cannot_answer__waits_in_submission():
    message, decided = run(NoDirectory(), "a@acme.example", "b@relay.example", "c@partner.example")
    assert message.recipients[0].next_hop is SUBMISSION
    assert "no directory" in message.recipients[0].last_reason
    assert message.recipients[1].next_hop == UNREACHABLE
    assert message.recipients[2].next_hop.delivery_type is DeliveryType.DNS_CONNECTOR
    assert decided.failed == []


def test_categorize__conflicting_address__waits():
    message, _ = run(Directory(RecipientEntry("a@acme.example", EntryKind.CONFLICT, "")), "a@acme.example")
    assert message.recipients[0].next_hop is SUBMISSION


def test_categorize__too_large_for_every_connector__fails():
    _, decided = run(Directory(), "b@partner.example", size=5000)
    assert decided.failed[0][1].reply.enhanced == "5.3.4"


def test_categorize__again_after_partial_delivery__leaves_the_others_alone():
    class Down:
        def find(self, address):
            raise LookupUnavailable("down")

    message, _ = run(Down(), "c@partner.example", "all@acme.example")
    delivered, waiting = message.recipients
    delivered.status = RecipientStatus.DELIVERED
    directory = Directory(group("all@acme.example", "x@partner.example", "y@partner.example"))
    categorize(compile_ruleset(DOCUMENT), message, [waiting], directory, now=2.0, new_id=lambda: 2)
    assert addresses_of(message) == ["c@partner.example", "x@partner.example", "y@partner.example"]
    assert [r.index for r in message.recipients] == [0, 1, 2]


def test_categorize__beside_one_given_up_already__leaves_the_message_as_it_came():
    """A report about the one given up goes to who sent it, not to the owner of a group beside it."""
    directory = Directory(replace(group("all@acme.example", "x@partner.example"), owner_address="boss@acme.example"))
    given_up, listed = (
        Recipient(i, a, a) for i, a in enumerate(map(parse_mailbox, ("b@x.example", "all@acme.example")))
    )
    sender = Address("s", "x.example")
    message = Message(1, sender, [given_up, listed], 500, 0, 0, "s", "1.2.3.4", "", "", "c", 1, body=b"a: b\r\n\r\n")
    decided = categorize(compile_ruleset(DOCUMENT), message, [listed], directory, now=1.0, new_id=lambda: 2)
    assert message.recipients == [given_up] and message.envelope_sender == sender
    (copy,) = decided.copies
    assert str(copy.message.envelope_sender) == "boss@acme.example"
    assert addresses_of(copy.message) == ["x@partner.example"]
