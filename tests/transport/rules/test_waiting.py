"""Why is this waiting: one cause for every state that a queue or a message can be in."""

import pytest

from transport.model.hold import Hold
from transport.model.next_hop import POISON, SUBMISSION, UNREACHABLE, DeliveryType, NextHop
from transport.model.orders import SuspendedQueue
from transport.model.queued import MessageStatus
from transport.rules.waiting import (
    Cause,
    MessageFacts,
    QueueFacts,
    why_message_waits,
    why_queue_waits,
)

HOP = NextHop(DeliveryType.SMART_HOST_CONNECTOR, "mx.example", "out")
NOW = 1_800_000_000.0
BUSY = {"hop": HOP, "count": 3, "ready": 3, "connections": 1, "oldest_at": NOW - 60}
DOWN = {**BUSY, "failures": 2, "failing_since": NOW - 600, "next_retry_at": NOW + 300, "last_error": "Refused"}
SUSPENDED = SuspendedQueue("k", by="olga", reason="they move house", at=NOW - 50)

QUEUES = [
    ({"count": 0, "ready": 0}, Cause.NOTHING, "Nothing is waiting."),
    (
        {"suspension": SUSPENDED},
        Cause.QUEUE_SUSPENDED,
        "olga suspended the queue: they move house. Resume it to deliver its mail.",
    ),
    (
        {"suspension": SuspendedQueue("k")},
        Cause.QUEUE_SUSPENDED,
        "An operator suspended the queue. Resume it to deliver its mail.",
    ),
    (
        {"held": 3, "ready": 0},
        Cause.HELD,
        "All 3 messages are suspended. Resume what is to go; each says who held it.",
    ),
    (
        {"hop": UNREACHABLE},
        Cause.NO_ROUTE,
        "No send connector covers these domains. Publish one that does, and the mail is routed.",
    ),
    (
        {"hop": SUBMISSION},
        Cause.NOT_RESOLVED,
        (
            "The recipients could not be resolved yet. The directory is asked again by itself (organisation: resolver "
            "retry interval), or retry the queue."
        ),
    ),
    (
        {"hop": POISON},
        Cause.POISON,
        "These messages could not be processed. An operator decides: resubmit, export or remove.",
    ),
    (
        {"is_orphan": True},
        Cause.NO_CONNECTOR,
        "The send connector 'out' is gone or disabled. The mail is routed again.",
    ),
    (
        DOWN,
        Cause.NEXT_HOP_DOWN,
        "The next hop cannot be reached. Refused. It is tried again by itself. Or retry it now.",
    ),
    ({"holding": "At most 60 a minute."}, Cause.RATE_LIMIT, "At most 60 a minute."),
    ({"connections": 0, "connecting": 1}, Cause.CONNECTING, "A connection is being made."),
    (
        {"ready": 9, "count": 9, "connections": 2, "limit": 2, "limit_because": "The maximum."},
        Cause.CONNECTION_LIMIT,
        "All 2 connections that there may be now are busy. The maximum. "
        "The send connector's maximum of connections decides, and what the next hop takes.",
    ),
    (
        {"ready": 0, "count": 1, "deferred": 1, "last_error": "451 4.7.1 greylisted", "next_retry_at": NOW + 42},
        Cause.DEFERRED,
        "A message was deferred: 451 4.7.1 greylisted. It is tried again by itself. Or retry them now.",
    ),
    ({}, Cause.DELIVERING, "Messages are being delivered over 1 connection."),
]


@pytest.mark.parametrize(("facts", "cause", "sentence"), QUEUES)
def test_queue__names_one_cause_and_what_would_change_it(facts, cause, sentence):
    wait = why_queue_waits(QueueFacts(**BUSY | facts))
    assert (wait.cause, wait.sentence()) == (cause, sentence)


def message(status=MessageStatus.READY, **facts):
    return MessageFacts(status=status, received_at=NOW - 100, **facts)


RULE = Hold("olga", "phishing", NOW - 900, rule_id="r1")
MESSAGES = [
    (message(MessageStatus.ACTIVE), {}, Cause.DELIVERING, 0),
    (message(MessageStatus.PENDING_SUSPEND), {}, Cause.DELIVERING, 0),
    (message(MessageStatus.PENDING_REMOVE), {}, Cause.LEAVING, 0),
    (message(MessageStatus.SUSPENDED), {}, Cause.HELD, NOW - 100),
    (message(MessageStatus.SUSPENDED, hold=Hold("olga", "wait", NOW - 7)), {}, Cause.HELD, NOW - 7),
    (message(MessageStatus.SUSPENDED, hold=RULE), {"suspension": SUSPENDED}, Cause.HOLD_RULE, NOW - 100),
    (message(), {"suspension": SUSPENDED}, Cause.QUEUE_SUSPENDED, NOW - 50),
    (message(), {"hop": UNREACHABLE}, Cause.NO_ROUTE, NOW - 100),
    (message(error="broken"), {"hop": POISON}, Cause.POISON, NOW - 100),
    (message(MessageStatus.RETRY), DOWN, Cause.NEXT_HOP_DOWN, NOW - 600),
    (
        message(MessageStatus.RETRY, next_attempt_at=NOW + 60, last_attempt_at=NOW - 5, error="451 later"),
        {},
        Cause.DEFERRED,
        NOW - 5,
    ),
    (message(MessageStatus.RETRY, next_attempt_at=NOW + 60), DOWN, Cause.NEXT_HOP_DOWN, NOW - 600),
    (message(is_outranked=True), {}, Cause.PRIORITY, NOW - 100),
    (message(has_used_its_share=True), {}, Cause.PRIORITY, NOW - 100),
    (message(is_outranked=True), {"holding": "Slow."}, Cause.RATE_LIMIT, 0),
    (message(), {}, Cause.DELIVERING, 0),
]


@pytest.mark.parametrize(("facts", "queue", "cause", "since"), MESSAGES)
def test_message__its_own_reason_comes_before_the_queues(facts, queue, cause, since):
    wait = why_message_waits(facts, QueueFacts(**BUSY | queue))
    assert (wait.cause, wait.since) == (cause, since)
    assert wait.because.endswith(".")


@pytest.mark.parametrize("cause", Cause)
def test_cause__has_a_sentence(cause):
    assert cause.sentence.endswith(".")
