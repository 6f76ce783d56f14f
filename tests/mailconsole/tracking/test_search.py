"""Any message is found by whatever one has in hand, newest first, page by page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailconsole.tracking.services.search import MessageQuery, Position, search_messages
from tests.support.traffic import NOW, Traffic
from transport.model.envelope import encode_queue_id

pytestmark = pytest.mark.django_db


def found(**asked: object) -> list[str]:
    return [message.subject for message in search_messages(MessageQuery(**asked)).messages]


@pytest.fixture
def traffic() -> Traffic:
    traffic = Traffic()
    traffic.receive("bob@fabrikam.example", "eve@fabrikam.example", subject="first", peer="10.0.0.1")
    traffic.at += 60
    second = traffic.receive(
        "Carl@partner.example", sender="Scanner@Contoso.example", subject="second", peer="10.0.0.2"
    )
    traffic.send(second, "carl@partner.example")
    traffic.at += 60
    traffic.receive("anna@contoso.example", sender="", subject="third", peer="", internet_message_id="<x.1@y.example>")
    traffic.ingest()
    return traffic


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("", ["third", "second", "first"]),
        ("carl@partner.example", ["second"]),
        ("scanner@CONTOSO.example", ["second"]),
        ("partner.example", ["second"]),
        ("fabrikam.example", ["first"]),
        ("contoso.example", ["third", "second", "first"]),
        ("@fabrikam.example", ["first"]),
        ("bo", ["first"]),
        ("10.0.0.2", ["second"]),
        ("<x.1@y.example>", ["third"]),
        ("x.1@y.example", ["third"]),
        ("nobody@nowhere.example", []),
        ("'; drop table --", []),
    ],
)
def test_search__text_of_any_kind__finds_what_it_names(traffic, text, subjects):
    assert found(text=text) == subjects


def test_search__queue_id__finds_the_message(traffic):
    assert found(text=encode_queue_id(traffic.first_message_id + 1).lower()) == ["second"]


def test_search__filters_together__all_hold(traffic):
    assert found(status="delivered") == ["second"]
    assert found(status="delivered", recipient="fabrikam.example") == []
    assert found(sender="anna@contoso.example", recipient="@fabrikam.example") == ["first"]
    assert found(sender="anna", text="10.0.0.1") == ["first"]
    assert found(since=datetime.fromtimestamp(NOW + 30, UTC), until=datetime.fromtimestamp(NOW + 90, UTC)) == ["second"]


def test_search__two_recipients_match__is_one_row(traffic):
    assert found(recipient="@fabrikam.example") == ["first"]


def test_search__page_by_page__shows_each_message_once():
    traffic = Traffic()
    for number in range(25):
        traffic.at += number % 2  # pairs at the same moment
        traffic.receive("a@fabrikam.example", "b@fabrikam.example", subject=str(number))
    traffic.ingest()
    for query in (MessageQuery(), MessageQuery(recipient="fabrikam.example"), MessageQuery(text="contoso.example")):
        seen, after = [], None
        while True:
            page = search_messages(query, after=after, size=7)
            seen += [message.subject for message in page.messages]
            if page.following is None:
                break
            after = Position.parse(str(page.following))
        assert seen == [str(number) for number in range(24, -1, -1)]
