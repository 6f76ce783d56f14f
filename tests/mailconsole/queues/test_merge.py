"""One queue of all nodes."""

from __future__ import annotations

from mailconsole.queues.merge import matches, merge_queues
from tests.support.snapshots import node, queue
from transport.model.snapshot import QueueStatus


def test_merge__same_queue_on_two_nodes__adds_up_and_shows_the_worst():
    small = queue(message_count=1, oldest_at=50, status=QueueStatus.ACTIVE, outgoing_per_min=3, waiting_because="busy")
    large = queue(
        message_count=9,
        oldest_at=20,
        next_retry_at=70,
        status=QueueStatus.RETRY,
        outgoing_per_min=1,
        last_reply="451 later",
        waiting_because="deferred",
    )

    (merged,) = merge_queues([node("a", small), node("b", large)])

    assert (merged.message_count, merged.outgoing_per_min, merged.status) == (10, 4, QueueStatus.RETRY)
    assert merged.oldest_at.timestamp() == 20
    assert merged.next_retry_at.timestamp() == 70
    assert (merged.last_response, merged.waiting_because, merged.nodes) == ("451 later", "deferred", ("a", "b"))
    assert merged.is_stuck


def test_merge__velocity__is_what_leaves_less_what_comes_as_in_exchange():
    growing = queue(incoming_per_min=90, outgoing_per_min=30)
    draining = queue(incoming_per_min=10, outgoing_per_min=40)
    assert (growing.velocity, draining.velocity) == (-60, 30)
    (merged,) = merge_queues([node("a", growing), node("b", draining)])
    assert merged.velocity == -30


def test_merge__order__stuck_first_then_large():
    queues = merge_queues(
        [
            node(
                "a",
                queue("small.example", message_count=2),
                queue("large.example", message_count=500),
                queue("stuck.example", status=QueueStatus.RETRY),
                queue("", delivery_type="Unreachable", connector_id="", message_count=3),
            )
        ]
    )

    assert [one.name for one in queues] == ["Unreachable", "stuck.example", "large.example", "small.example"]


def test_merge__delivery_type_of_a_newer_node__is_shown_all_the_same():
    (merged,) = merge_queues([node("a", queue("x.example", delivery_type="CarrierPigeon"))])

    assert merged.name == "x.example"


def test_matches__state_and_text__both_hold():
    (merged,) = merge_queues([node("a", queue("Partner.example", last_reply="451 Greylisted"))])

    assert matches(merged, state="", text="partner")
    assert matches(merged, state="Active", text="greylist")
    assert not matches(merged, state="Retry", text="partner")
    assert not matches(merged, state="Active", text="nowhere")
