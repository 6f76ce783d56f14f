"""Mail that waits and is decided about again: nobody gets it twice, nobody joins, and no state is lost."""

import asyncio
from dataclasses import replace

import pytest

from tests.support.delivery import Delivering
from tests.support.memory_spool import MemorySpool
from tests.transport.queues.test_categorizer import DOCUMENT, Directory, addresses_of, group, mailbox, run
from transport.config.objects import AddressRewriteEntry
from transport.model.event import EventId
from transport.model.next_hop import POISON, SUBMISSION
from transport.model.outcome import RecipientStatus
from transport.ports.recipients import NoDirectory, SenderRestrictions
from transport.ports.spool import SpoolUnavailable
from transport.queues.categorizer import categorize
from transport.queues.forms import BodyNeeded
from transport.queues.intake import EngineIntake
from transport.queues.poison import poison
from transport.rules.ruleset import compile_ruleset
from transport.spool import rows

REWRITE = AddressRewriteEntry(id="r", name="R", internal_address="x.example", external_address="seen.example")
REWRITING = DOCUMENT.model_copy(update={"address_rewriting": (REWRITE,)})
BOTH = mailbox("a@acme.example", forward_to="x@partner.example", deliver_and_forward=True)


def again(message, waiting, *entries, directory=None, document=DOCUMENT):
    directory = directory or Directory(*entries)
    return categorize(compile_ruleset(document), message, waiting, directory, now=2.0, new_id=lambda: 3, is_stored=True)


def forwarded():
    """One whose forwarding target has the message, and whose mailbox server is down."""
    message, _ = run(Directory(BOTH), "a@acme.example")
    waits, has_it = message.recipients
    has_it.status = RecipientStatus.DELIVERED
    return message, waits


def test_again__forwarding_that_was_delivered__does_not_come_back_and_no_state_is_lost():
    message, waits = forwarded()
    waits.attempts, waits.first_attempt_at, waits.is_delay_dsn_sent = 7, 1.5, True
    decided = again(message, [waits], BOTH)
    assert addresses_of(message) == ["x@partner.example", "a@acme.example"] and message.recipients[1] is waits
    assert (waits.attempts, waits.first_attempt_at, waits.is_delay_dsn_sent) == (7, 1.5, True)
    assert waits.next_hop.connector_id == "in" and decided.events == [] and decided.failed == []


def test_again__forwarding_that_left_in_a_message_of_its_own__does_not_come_back():
    message, waits = forwarded()
    message.recipients.remove(message.recipients[1])
    again(message, [waits], BOTH)
    assert message.recipients == [waits]


@pytest.mark.parametrize("wait", ["directory", "poison"])
def test_again__that_could_not_be_decided_meanwhile__is_still_known_as_resolved(wait):
    message, waits = forwarded()
    if wait == "directory":
        again(message, [waits], directory=NoDirectory())
    else:
        poison(MemorySpool(), message, [waits], "It breaks us.", now=2.0)
    assert message.recipients[1 if wait == "directory" else 0].next_hop in (SUBMISSION, POISON)
    found = rows.decode_message(1, rows.encode_message(message))
    (read,) = [one for one in found.recipients if not one.status.is_final]
    again(found, [read], BOTH)
    assert sorted(addresses_of(found)) == ["a@acme.example", "x@partner.example"]


def test_again__what_is_a_group_by_now__does_not_get_new_members_mail_of_yesterday():
    message, _ = run(Directory(mailbox("a@acme.example")), "a@acme.example")
    again(message, list(message.recipients), group("a@acme.example", "new@partner.example"))
    assert addresses_of(message) == ["a@acme.example"]


def test_again__group_that_could_not_be_resolved_yet__is_expanded_but_not_to_those_who_have_it():
    message, _ = run(NoDirectory(), "c@partner.example", "d@partner.example", "all@acme.example")
    delivered, failed, waits = message.recipients
    delivered.status, failed.status = RecipientStatus.DELIVERED, RecipientStatus.FAILED
    again(message, [waits], group("all@acme.example", "c@partner.example", "d@partner.example", "e@partner.example"))
    assert addresses_of(message) == ["c@partner.example", "d@partner.example", "e@partner.example"]


def test_again__copy_whose_sender_is_the_groups_owner__asks_no_restriction_a_second_time():
    only_s = mailbox("a@acme.example", restrictions=SenderRestrictions(accept_from=("s@x.example",)))
    owned = replace(group("all@acme.example", "a@acme.example"), owner_address="boss@acme.example")
    entries = (owned, only_s, mailbox("boss@acme.example"))
    message, decided = run(Directory(*entries), "all@acme.example")
    assert str(message.envelope_sender) == "boss@acme.example" and not decided.failed
    assert not again(message, list(message.recipients), *entries).failed
    new = mailbox("b@acme.example", restrictions=SenderRestrictions(accept_from=("s@x.example",)))
    moved = mailbox("a@acme.example", forward_to="b@acme.example")
    (refused,) = again(message, list(message.recipients), moved, new).failed
    assert str(refused[0].address) == "b@acme.example"


def test_again__who_is_elsewhere_by_now__is_followed_and_told_and_who_is_gone_refused():
    message, _ = run(Directory(mailbox("a@acme.example")), "a@acme.example")
    message.recipients[0].is_delay_dsn_sent = True
    moved = mailbox("a@acme.example", forward_to="x@partner.example")
    decided = again(message, list(message.recipients), moved)
    assert addresses_of(message) == ["x@partner.example"] and message.recipients[0].is_delay_dsn_sent
    assert [one.event for one in decided.events] == [EventId.REDIRECT]
    message, waits = forwarded()
    again(message, [waits], moved)
    assert addresses_of(message) == ["x@partner.example"] and message.recipients[0].status.is_final
    message, waits = forwarded()
    ((failed, outcome),) = again(message, [waits]).failed
    assert failed is waits and outcome.reply.enhanced == "5.1.1"


def test_again__inside_that_leads_outside_by_now__goes_as_the_outside_sees_it():
    message, _ = run(Directory(mailbox("a@acme.example")), "a@acme.example")
    moved, waiting = mailbox("a@acme.example", forward_to="x@partner.example"), list(message.recipients)
    message.body = None
    with pytest.raises(BodyNeeded):
        again(message, waiting, moved, document=REWRITING)
    message.body = b"From: s@x.example\r\n\r\n"
    decided = again(message, waiting, moved, document=REWRITING)
    (copy,) = decided.copies
    assert message.recipients == [] and addresses_of(copy.message) == ["x@partner.example"]
    assert copy.message.body == b"From: s@seen.example\r\n\r\n"
    assert id(copy.message.recipients[0]) in decided.known


async def test_again__copy_that_cannot_be_stored__leaves_nobody_out_later():
    async with Delivering(REWRITING) as node:
        intake = EngineIntake(
            spool=node.spool,
            queues=node.queues,
            lookup=Directory(BOTH),
            ruleset=compile_ruleset(REWRITING),
            clock=node.clock,
        )
        body = b"From: s@x.example\r\n\r\n"
        message = node.message("a@acme.example", sender="s@x.example", next_hop=SUBMISSION, body=body)
        message.body, waits = None, message.recipients[0]

        def refuse(copy, events):
            future = asyncio.get_running_loop().create_future()
            future.set_exception(SpoolUnavailable("disk full"))
            return future

        intake.commit = refuse
        intake.decide_again(message, [waits])
        await intake.decided()
        assert message.recipients == [waits] and waits.next_hop is SUBMISSION and not waits.was_resolved
