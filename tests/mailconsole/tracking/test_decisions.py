"""What a change's impact is computed from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from mailconsole.changes import recorded
from mailconsole.nodes.models import Node
from mailconsole.tracking.services.decisions import recent_decisions
from tests.support.traffic import NOW, Traffic
from transport.model.event import EventId

pytestmark = pytest.mark.django_db
UNTIL = datetime.fromtimestamp(NOW, UTC) + timedelta(hours=1)
LONG_AGO = UNTIL - timedelta(days=1)


def sample_of(limit=10, since=LONG_AGO):
    return recent_decisions(since=since, until=UNTIL, limit=limit)


def test_recent_decisions__are_what_changes_ask_for():
    assert recorded.decisions() is recent_decisions


def test_recent_decisions__refusals_and_accepted_recipients__are_told_as_they_were_asked():
    traffic = Traffic()
    message_id = traffic.receive("group@contoso.example", "bob@contoso.example")
    traffic.add(
        EventId.EXPAND, message_id=message_id, recipient="group@contoso.example", detail={"to": ["x@y.example"]}
    )
    traffic.refuse()
    traffic.ingest()

    found = list(sample_of().decisions)

    assert [one.recipient for one in found] == ["bob@fabrikam.example", "group@contoso.example", "bob@contoso.example"]
    assert (found[0].peer, found[0].binding, found[0].reply[:3]) == ("127.0.0.2", "smtp", "550")


def test_recent_decisions__refused_for_several_recipients__is_asked_again_for_the_first():
    traffic = Traffic()
    traffic.refuse(recipient="bob@fabrikam.example, anna@fabrikam.example", client_certificate="ab" * 32)
    traffic.ingest()
    (found,) = sample_of().decisions
    assert (found.recipient, found.certificate) == ("bob@fabrikam.example", "ab" * 32)


def test_recent_decisions__accepted_of_a_client_certificate__keeps_whose():
    traffic = Traffic()
    traffic.receive(client_certificate="ab" * 32, client_subject="CN=mx")
    traffic.ingest()
    (found,) = sample_of().decisions
    assert (found.certificate, found.certificate_subject) == ("ab" * 32, "CN=mx")


def test_recent_decisions__many_accepted__leave_room_for_refusals():
    traffic = Traffic()
    traffic.refuse()
    for _ in range(20):
        traffic.receive()
    traffic.ingest()

    found = list(sample_of().decisions)

    assert len(found) == 10
    assert sum(1 for one in found if one.reply) == 1


def test_recent_decisions__older_than_asked__are_left_out():
    traffic = Traffic()
    traffic.refuse()
    traffic.receive()
    traffic.ingest()

    assert list(sample_of(since=datetime.fromtimestamp(NOW + 1, UTC)).decisions) == []


def test_recent_decisions__all_fit__says_so():
    traffic = Traffic()
    traffic.refuse()
    traffic.receive("a@contoso.example", "b@contoso.example")
    traffic.ingest()

    found = sample_of()

    assert found.how == "all 1 refused attempts and all 2 recipients of accepted messages"
    assert found.expected == len(list(found.decisions)) == 3


def test_recent_decisions__more_than_fit__are_of_every_hour():
    traffic = Traffic(at=NOW - 3600 * 20)
    for _ in range(20):
        traffic.receive()
        traffic.receive()
        traffic.at += 3600
    traffic.ingest()

    found = sample_of(limit=20)
    hours = {one.at.hour for one in found.decisions}

    assert found.how == (
        "all 0 refused attempts and 20 of the recipients of accepted messages, the newest of each hour"
    )
    assert len(hours) >= 15


def test_recent_decisions__bring_the_steps_of_their_trail():
    traffic = Traffic()
    listed = ["ip_block_list_providers", "bl", "BL", "yes", "bl.example lists the client (127.0.0.2)."]
    traffic.receive("bob@contoso.example", trail=[listed])
    traffic.refuse(trail=[listed])
    traffic.ingest()
    assert [list(one.rows) for one in sample_of().decisions] == [[listed], [listed]]


def write_and_close() -> None:
    Node.objects.create(name="another")
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_recent_decisions__others_write_meanwhile__who_reads_them_may_write_too():
    traffic = Traffic()
    for _ in range(2500):
        traffic.refuse()
    traffic.ingest()
    found = iter(sample_of(limit=5000).decisions)
    next(found)
    with ThreadPoolExecutor(1) as other:
        other.submit(write_and_close).result()
    Node.objects.create(name="how far it is")
    assert len({one.at for one in found}) == 1 and Node.objects.count() == 3


@pytest.mark.parametrize("limit", [399, 400, 401, 850, 2000])
def test_recent_decisions__of_one_moment_and_more_than_a_page__are_each_told_once(limit):
    traffic = Traffic()
    for number in range(850):
        traffic.refuse(sender=f"s{number}@contoso.example")
        traffic.receive(sender=f"s{number}@contoso.example")
    traffic.ingest()
    senders = [(bool(one.reply), one.sender) for one in sample_of(limit=limit * 2).decisions]
    assert len(senders) == len(set(senders)) == min(limit, 850) * 2
