"""What needs a person, on the Overview and under To mend; the rule for conflicts."""

from datetime import timedelta

import pytest
from django.urls import reverse

from directory.errors import ServerUnreachable
from directory.model import RecipientKind
from directory.snapshot import Snapshot
from mailconsole.audit.models import AuditEntry
from mailconsole.nodes.snapshots import Live
from mailconsole.recipients.live import directory_alerts
from mailconsole.recipients.models import AddressConflict
from mailconsole.recipients.services.health import alerts
from tests.directory.entries import a_recipient, guid_of
from tests.mailconsole.recipients.directories import NOW, create_directory, read_directory
from tests.support.factories import create_administrator, create_operator, create_viewer, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return create_directory(name="Corp")


def words(now=NOW):
    return [one.text for one in alerts(now)]


def test_alerts__all_is_well__there_are_none(monkeypatch, source):
    read_directory(monkeypatch, source, [a_recipient("anna")])
    assert directory_alerts(Live((), True), NOW) == []


def test_alerts__controller_away__first_the_failure_then_the_age(monkeypatch, source):
    read_directory(monkeypatch, source, [a_recipient("anna")])
    gone = {"error": ServerUnreachable("Cannot connect to dc1:636.")}
    read_directory(monkeypatch, source, [], answer=gone, now=NOW + timedelta(minutes=5))
    assert words(NOW + timedelta(minutes=6)) == ["The directory Corp could not be read. Cannot connect to dc1:636."]
    later = words(NOW + timedelta(hours=5))
    assert later == [
        "What is known of the directory Corp is 5 hours old; mail goes on by it. Cannot connect to dc1:636."
    ]
    read_directory(monkeypatch, source, [a_recipient("anna")], now=NOW + timedelta(hours=5))
    assert words(NOW + timedelta(hours=5)) == []


def test_alerts__shrink_and_conflicts__ask_for_a_person(monkeypatch, source):
    read_directory(
        monkeypatch, source, [a_recipient(f"p{n}", addresses=(f"p{n}@x.example", "a@x.example")) for n in (1, 2)]
    )
    read_directory(monkeypatch, source, [])
    said = words()
    assert "a person must decide" in said[0]
    assert said[1] == "1 address is claimed by more than one object."


def test_to_mend__references_that_lead_nowhere_and_domains_that_are_not_ours(monkeypatch, source):
    anna = a_recipient("anna", addresses=("anna@acme.example", "anna@old.example"), forwarding_guid=guid_of("gone"))
    empty = a_recipient("empty", kind=RecipientKind.DISTRIBUTION_GROUP)
    broken = a_recipient("broken", kind=RecipientKind.DYNAMIC_GROUP, are_members_known=False)
    read_directory(monkeypatch, source, [anna, empty, broken])
    page = signed_in(create_viewer()).get(reverse("recipients:to-mend")).text
    for said in ("forwards to an object that is no recipient", "group without a member", "filter cannot be used"):
        assert said in page
    assert "old.example" in page


def test_to_mend__nothing_read_yet__says_so():
    page = signed_in(create_viewer()).get(reverse("recipients:to-mend")).text

    assert "has not been read yet" in page
    assert "Every reference leads to a recipient" not in page


def test_conflict_rule__administrator_lets_the_primary_address_win_at_once(monkeypatch, source, home):
    ben = a_recipient("ben", addresses=("ben@acme.example", "anna@acme.example"))
    read_directory(monkeypatch, source, [a_recipient("anna"), ben])
    url = reverse("recipients:conflict-rule")
    assert signed_in(create_operator()).post(url, {"rule": "primary"}).status_code == 403
    client = signed_in(create_administrator())
    assert client.post(url, {"rule": "by chance"}).status_code == 400
    client.post(url, {"rule": "primary"})
    snapshot = Snapshot.open(home / "directory")
    assert snapshot.find("anna@acme.example").object_guid == guid_of("anna")
    snapshot.close()
    assert AddressConflict.objects.count() == 1
    assert AuditEntry.objects.filter(action="directory_rules.update").exists()
