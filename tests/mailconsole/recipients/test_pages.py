"""The directory's pages, and who may use them."""

from types import SimpleNamespace

import pytest
from django.urls import reverse
from kombu.exceptions import OperationalError

from directory.model import RecipientKind
from mailconsole.audit.models import AuditEntry
from mailconsole.recipients.models import SyncRun
from mailconsole.recipients.services import request_sync
from mailconsole.recipients.states import SyncState
from tests.directory.entries import a_recipient, guid_of
from tests.mailconsole.recipients.directories import NOW, create_directory, read_directory
from tests.support.factories import create_administrator, create_operator, create_viewer, signed_in

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture
def tasks(monkeypatch):
    """What was asked of workers."""
    asked = []
    app = SimpleNamespace(send_task=lambda name, **more: asked.append((name, more["kwargs"])))
    monkeypatch.setattr(request_sync, "current_app", app)
    return asked


def test_list__no_directory__teaches_the_first_step():
    assert "Add a directory" in signed_in(create_administrator()).get(reverse("recipients:list")).text
    assert "An administrator adds one" in signed_in(create_viewer()).get(reverse("recipients:list")).text


def test_list__as_one_types__answers_with_the_fragment(monkeypatch):
    read_directory(monkeypatch, create_directory(), [a_recipient("anna"), a_recipient("ben")])
    client = signed_in(create_viewer())
    page = client.get(reverse("recipients:list"), {"q": "ann"}, headers={"HX-Request": "true"})
    assert "anna@acme.example" in page.text
    assert "ben@acme.example" not in page.text
    assert "<html" not in page.text


def test_list__hostile_names__are_text(monkeypatch):
    read_directory(monkeypatch, create_directory(), [a_recipient("evil", display_name=HOSTILE)])
    client = signed_in(create_viewer())
    for url in (reverse("recipients:list"), reverse("recipients:detail", args=[guid_of("evil")])):
        page = client.get(url).text
        assert "<script>alert" not in page
        assert "\u202e" not in page


def test_list__unknown_kind__is_an_empty_list(monkeypatch):
    read_directory(monkeypatch, create_directory(), [a_recipient("anna")])
    page = signed_in(create_viewer()).get(reverse("recipients:list"), {"kind": "nonsense"})
    assert page.status_code == 200
    assert "anna@acme.example" not in page.text


def test_list__export__is_csv_without_formulas(monkeypatch):
    read_directory(monkeypatch, create_directory(), [a_recipient("anna", display_name="=cmd()")])
    page = signed_in(create_viewer()).get(reverse("recipients:list"), {"export": "csv"})
    assert "'=cmd()" in page.text
    assert "attachment" in page.headers["Content-Disposition"]


def test_detail__group__lists_members_and_a_member_its_groups(monkeypatch):
    team = a_recipient("team", kind=RecipientKind.DISTRIBUTION_GROUP, member_guids=(guid_of("anna"),))
    read_directory(monkeypatch, create_directory(), [team, a_recipient("anna")])
    client = signed_in(create_viewer())
    assert "anna@acme.example" in client.get(reverse("recipients:detail", args=[guid_of("team")])).text
    assert "team@acme.example" in client.get(reverse("recipients:detail", args=[guid_of("anna")])).text


def test_detail__unknown_object__is_not_found():
    assert signed_in(create_viewer()).get(reverse("recipients:detail", args=[guid_of("no")])).status_code == 404


def test_sync__shows_runs_and_conflicts(monkeypatch):
    people = [a_recipient(name, addresses=(f"{name}@acme.example", "twice@acme.example")) for name in ("one", "two")]
    run = read_directory(monkeypatch, create_directory(name="Acme"), people)
    client = signed_in(create_viewer())
    page = client.get(reverse("recipients:sync")).text
    assert "twice@acme.example" in page
    assert "Succeeded" in page
    assert client.get(reverse("recipients:run", args=[run.pk])).status_code == 200


def test_sync_now__operator__asks_a_worker_and_leaves_an_audit_row(tasks):
    source, operator = create_directory(), create_operator()
    page = signed_in(operator).post(reverse("recipients:sync-now", args=[source.pk]), follow=True)
    assert tasks == [
        (
            "recipients.sync_directory",
            {"source_id": source.pk, "actor_id": operator.pk, "is_whole": False, "is_shrink_confirmed": False},
        )
    ]
    assert "is being read" in page.text
    assert AuditEntry.objects.filter(action="directory_source.request_sync", actor_id=operator.pk).exists()


def test_sync_now__viewer_or_get__is_refused(tasks):
    url = reverse("recipients:sync-now", args=[create_directory().pk])
    assert signed_in(create_viewer()).post(url).status_code == 403
    assert signed_in(create_operator()).get(url).status_code == 405
    assert tasks == []


def test_sync_now__no_broker__says_so(monkeypatch):
    def refuse(*args, **kwargs):
        raise OperationalError("down")

    monkeypatch.setattr(request_sync, "current_app", SimpleNamespace(send_task=refuse))
    url = reverse("recipients:sync-now", args=[create_directory().pk])
    assert "Redis does not answer" in signed_in(create_operator()).post(url, follow=True).text


def test_accept_shrink__stopped_run__needs_administrator_and_reason(monkeypatch, tasks):
    source = create_directory()
    run = read_directory(monkeypatch, source, [])
    assert run.state == SyncState.STOPPED
    url = reverse("recipients:accept-shrink", args=[source.pk])
    assert signed_in(create_operator()).post(url, {"reason": "yes"}).status_code == 403
    administrator = signed_in(create_administrator())
    assert "Say why" in administrator.post(url, {"reason": " "}, follow=True).text
    assert tasks == []
    administrator.post(url, {"reason": "branch sold"})
    assert tasks[0][1]["is_shrink_confirmed"]
    assert AuditEntry.objects.get(action="directory_source.confirm_shrink").reason == "branch sold"


def test_accept_shrink__nothing_stopped__is_refused(monkeypatch, tasks):
    source = create_directory()
    read_directory(monkeypatch, source, [a_recipient("anna")])
    url = reverse("recipients:accept-shrink", args=[source.pk])
    assert "nothing to confirm" in signed_in(create_administrator()).post(url, {"reason": "x"}, follow=True).text
    assert tasks == []


def test_search_everything__finds_recipients(monkeypatch):
    read_directory(monkeypatch, create_directory(), [a_recipient("anna")])
    page = signed_in(create_viewer()).get("/search/", {"q": "anna"})
    assert reverse("recipients:detail", args=[guid_of("anna")]) in page.text


def test_cancel__operator__asks_for_the_end_and_a_viewer_may_not():
    source = create_directory()
    run = SyncRun.objects.create(source=source, state=SyncState.RUNNING, started_at=NOW, heartbeat_at=NOW)
    url = reverse("recipients:cancel-sync", args=[source.pk])
    assert signed_in(create_viewer()).post(url).status_code == 403
    assert "ends at its next page" in signed_in(create_operator()).post(url, follow=True).text
    run.refresh_from_db()
    assert run.is_cancel_asked


def test_detail__group_that_hides_its_members__shows_them_to_administrators_alone(monkeypatch):
    kind, members = RecipientKind.DISTRIBUTION_GROUP, (guid_of("anna"),)
    secret = a_recipient("secret", kind=kind, member_guids=members, hides_members=True)
    read_directory(monkeypatch, create_directory(), [secret, a_recipient("anna")])
    of_group, of_anna = (reverse("recipients:detail", args=[guid_of(name)]) for name in ("secret", "anna"))
    who = reverse("recipients:who") + "?address=secret@acme.example"
    viewer, administrator = signed_in(create_viewer()), signed_in(create_administrator())
    assert "anna@acme.example" not in viewer.get(of_group).text
    assert "hides the members" in viewer.get(of_group).text
    assert "secret@acme.example" not in viewer.get(of_anna).text
    assert "anna@acme.example" in administrator.get(of_group).text
    assert "secret@acme.example" in administrator.get(of_anna).text
    assert viewer.get(who).status_code == 200
