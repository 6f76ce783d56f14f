"""When a user who signs in sent last."""

import pytest

from mailconsole.changes import recorded
from mailconsole.tracking.models import SIGNED_IN, Message
from mailconsole.tracking.services.last_use import last_use
from tests.support.traffic import Traffic

pytestmark = pytest.mark.django_db


def test_last_use__is_what_the_account_page_asks_for():
    traffic = Traffic()
    traffic.receive(peer="192.0.2.9", identity="scanner")
    traffic.receive(peer="192.0.2.3", identity="other")
    traffic.receive()
    traffic.ingest()
    found = recorded.last_use("scanner")
    assert found is not None and (found.peer, found.helo) == ("192.0.2.9", "client.contoso.example")
    assert last_use("nobody") is None


def test_last_use__many_messages__reads_an_index_of_users_alone():
    plan = Message.objects.filter(SIGNED_IN, identity="scanner").order_by("-received_at").explain()
    assert "message_identity" in plan
