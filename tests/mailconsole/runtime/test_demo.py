"""The demo: bounded, by a change like any other, and gone without a trace in the configuration when removed."""

import random
from itertools import islice

import pytest

from mailconsole.changes.models import Change
from mailconsole.changes.services.revisions import ensure_initial_revision, head_revision, load_document
from mailconsole.changes.states import ChangeState
from mailconsole.runtime.demo import mail_flow, traffic
from mailconsole.runtime.demo.publish import NobodyToAsk, ask_for
from mailconsole.runtime.demo.sink import Handler
from tests.support.factories import create_administrator, create_reviewer
from transport.config.document import initial_document

PLAIN = initial_document()
DEMO = mail_flow.with_demo(PLAIN, sink_port=2626)


def test_with_demo__again__replaces_what_was_there():
    again = mail_flow.with_demo(DEMO, sink_port=2727)
    assert mail_flow.sink_port(again) == 2727
    assert mail_flow.without_demo(again) == PLAIN


def test_without_demo__objects_of_people__stay():
    assert mail_flow.has_demo(DEMO)
    assert not mail_flow.has_demo(PLAIN)
    assert mail_flow.sink_port(PLAIN) is None


def test_stream__is_realistic__several_senders_sizes_and_a_stranger():
    parcels = list(islice(traffic.stream(random.Random(7)), 300))
    assert len({parcel.source.sender for parcel in parcels}) == len(traffic.SOURCES)
    assert min(len(parcel.message) for parcel in parcels) < 3_000
    assert max(len(parcel.message) for parcel in parcels) > 150_000
    assert any(parcel.source.client == mail_flow.STRANGER for parcel in parcels)
    assert max(len(parcel.recipients) for parcel in parcels) > 5


async def test_sink__some_recipients__are_deferred_or_refused():
    class Envelope:
        rcpt_tos: list[str] = []

    async def reply(handler, address):
        return await handler.handle_RCPT(None, None, Envelope(), address, [])

    handler = Handler(random.Random(7))
    assert (await reply(handler, "former.colleague@demo.example")).startswith("550 5.1.1")
    first, second = [await reply(handler, "anna@fabrikam.example") for _ in range(2)]
    assert first.startswith("450 4.7.1")
    assert second.startswith("250")


@pytest.mark.django_db
def test_ask_for__administrator_alone__is_published():
    ensure_initial_revision()
    create_administrator()
    asked = ask_for(DEMO, title="Demo", reason="Test")
    assert asked.is_published
    assert mail_flow.sink_port(load_document(head_revision())) == 2626


@pytest.mark.django_db
def test_ask_for__there_are_reviewers__waits_for_them_and_asks_once():
    ensure_initial_revision()
    create_administrator()
    create_reviewer()
    asked = ask_for(DEMO, title="Demo", reason="Test")
    assert asked.change.state == ChangeState.IN_REVIEW
    assert not asked.is_published
    assert ask_for(DEMO, title="Demo", reason="Test").change == asked.change
    assert Change.objects.count() == 1
    assert not mail_flow.has_demo(load_document(head_revision()))


@pytest.mark.django_db
def test_ask_for__no_administrator__refuses():
    ensure_initial_revision()
    with pytest.raises(NobodyToAsk):
        ask_for(DEMO, title="Demo", reason="Test")
