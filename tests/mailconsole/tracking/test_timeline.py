"""A message's events in the order in which a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mailconsole.tracking.models import TrackingEvent
from mailconsole.tracking.timeline import timeline
from transport.model.event import EventId

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def event(
    number: int, what: EventId | str, recipient: str = "", *, seconds: float = 0, reply: str = "", **detail: object
):
    return TrackingEvent(
        id=number,
        message_id=1,
        event=what,
        at=AT + timedelta(seconds=seconds),
        recipient=recipient,
        reply=reply,
        detail=detail,
    )


def told(*events: TrackingEvent) -> list[tuple[str, tuple[str, ...]]]:
    return [(step.title, step.about) for step in timeline(events)]


def test_timeline__recipients_with_the_same_fate__share_a_step():
    assert told(
        event(1, EventId.SEND, "a@x", reply="250 ok"),
        event(2, EventId.SEND, "b@x", reply="250 ok"),
        event(3, EventId.SEND, "c@x", reply="250 other"),
        event(4, EventId.SEND, "d@x", reply="250 other", seconds=90),
    ) == [("Delivered", ("a@x", "b@x")), ("Delivered", ("c@x",)), ("Delivered", ("d@x",))]


def test_timeline__recipients_told_of_together__are_all_named():
    assert told(event(1, EventId.SEND, reply="250 ok", recipients=["a@x", "b@x"])) == [("Delivered", ("a@x", "b@x"))]


def test_timeline__notification_written_before_the_failure__is_told_after_it():
    assert told(event(1, EventId.DSN, kind="failed"), event(2, EventId.FAIL, "a@x")) == [
        ("Failed", ("a@x",)),
        ("The sender was notified", ()),
    ]


def test_timeline__second_attempt__says_which():
    assert told(event(1, EventId.DEFER, "a@x", attempt=1), event(2, EventId.DEFER, "a@x", attempt=2, seconds=60)) == [
        ("Deferred", ("a@x",)),
        ("Deferred at attempt 2", ("a@x",)),
    ]


def test_timeline__route_by_home_server__says_why_it_was_chosen():
    rows = [["store", "Store", "", "It serves the recipient's home server EX01."], ["out", "Out", "Too small."]]
    route = {"next_hop": "x", "considered": rows, "recipients": ["a@x"]}
    (told,) = timeline([event(1, EventId.RECEIVE, routes=[route])])[1].routes
    assert [(one.because, one.eliminated_because) for one in told.considered] == [
        ("It serves the recipient's home server EX01.", ""),
        ("Too small.", "Too small."),
    ]


def test_timeline__event_of_a_newer_node_or_broken_detail__is_shown_all_the_same():
    steps = timeline(
        [event(1, "INVENTED", "a@x"), event(2, EventId.RECEIVE, trail="x", routes=[{"considered": [[1]]}])]
    )

    assert [step.title for step in steps] == ["Invented", "Received", "Routed"]


def test_timeline__mail_flow_rule__is_told_with_what_it_did_and_a_test_as_such():
    rule = {"rule": "r", "name": "R", "answer": "yes"}
    assert told(
        event(1, EventId.AGENT_INFO, is_done=True, **rule),
        event(2, EventId.AGENT_INFO, is_done=False, **rule),
        event(3, EventId.AGENT_INFO, is_done=False, **rule | {"answer": "cannot_tell"}),
        event(4, EventId.AGENT_INFO),
    ) == [("Mail flow rule", ()), ("Mail flow rule, only a test", ()), ("Mail flow rule", ()), ("Changed", ())]
