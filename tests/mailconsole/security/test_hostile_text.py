"""Text of strangers on every page: it is shown, never run; and no file of ours runs it in a spreadsheet."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailconsole.accounts.roles import Role
from mailconsole.certificates.models import ServerCertificate
from mailconsole.common.export import csv_lines
from mailconsole.nodes.models import Node
from mailconsole.nodes.snapshots import publish_snapshot
from tests.mailconsole.changes.kit import NOW, create_change
from tests.mailconsole.security.addresses import all_addresses
from tests.support import snapshots
from tests.support.factories import create_person, signed_in
from tests.support.traffic import Traffic
from transport.model.certificate import PresentedCertificate
from transport.model.event import EventId

pytestmark = pytest.mark.django_db
MARK = "<img src=x onerror=alert(7)>"
HOSTILE = f"{MARK}\"'`{{{{ 7*7 }}}}</script></title>\u202e\x1b[31m"


@pytest.fixture
def hostile(live_redis, monkeypatch):
    """A console full of what strangers said."""
    monkeypatch.setattr("mailconsole.nodes.snapshots.FORGOTTEN_AFTER_MS", 60_000)
    traffic = Traffic()
    said = {"reply": f"550 {HOSTILE}", "reason": HOSTILE, "peer": HOSTILE, "sender": HOSTILE}
    detail = {"helo": HOSTILE, "subject": HOSTILE, "internet_message_id": HOSTILE, "recipients": [HOSTILE],
              "next_hop": HOSTILE, "trail": [], "identity": HOSTILE, "tls": HOSTILE}  # fmt: skip
    for event in EventId:
        traffic.add(event, message_id=1, recipient=HOSTILE, detail=detail, **said)
    traffic.add(EventId.BACK_PRESSURE, reason=HOSTILE, detail={"level": HOSTILE, "resource": HOSTILE})
    traffic.ingest()
    queue = snapshots.queue(MARK, last_error=HOSTILE, last_reply=HOSTILE, waiting_because=HOSTILE)
    shown = PresentedCertificate("default", HOSTILE, (HOSTILE,), HOSTILE, 2e9, problem=HOSTILE)
    node = snapshots.node("transport-1", queue, why_not_accepting=HOSTILE, is_accepting=False, certificates=(shown,))
    publish_snapshot("transport-1", node.to_json())
    Node.objects.update(why_not=HOSTILE, host=HOSTILE)
    ServerCertificate.objects.create(name="mail", chain_pem="x", names=[HOSTILE], issuer=HOSTILE, subject=HOSTILE,
                                     not_before=NOW, not_after=NOW, updated_at=NOW, updated_by="x")  # fmt: skip
    create_change(name=MARK)
    return signed_in(create_person(*Role, full_name=MARK))


def test_every_page__of_hostile_text__runs_none_of_it(hostile):
    seen, bad = 0, []
    for address in all_addresses():
        if address.name in ("live:stream", "accounts:sign-out"):
            continue
        answer = hostile.get(address.path, {"q": MARK, "text": MARK, "sender": MARK, "key": MARK, "next": MARK})
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code == 200 and kind.startswith("text/html"):
            page = b"".join(answer) if answer.streaming else answer.content
            seen += b"alert(7)" in page
            found = [mark for mark in (MARK, "\x1b[31m", "\u202e", "49</script") if mark.encode() in page]
            if found:
                bad.append((address.path, found))
    assert not bad and seen >= 10


def test_live_regions__of_hostile_text__are_escaped(hostile):
    every = "nodes,resources,queues,queues-waiting,certificate-warnings,top-refusals,recent-failures"
    answer = hostile.get(reverse("live:poll"), {"regions": every}).json()
    pieces = [html for region in answer["regions"] for html in region["pieces"].values()]
    assert any("alert(7)" in html for html in pieces) and not any(MARK in html for html in pieces)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_csv__cell_like_a_formula__is_text(start):
    line = list(csv_lines([{"subject": f"{start}cmd|' /C calc'!A0"}], ["subject"]))[1]
    assert line.strip('"').startswith("'")
