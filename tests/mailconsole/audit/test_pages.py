import io
import json

import pytest
from django.core.management import CommandError, call_command

from mailconsole.audit import services
from mailconsole.audit.models import AuditEntry
from tests.support.factories import create_viewer, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    for name, reason in (("Scanners", "printer 7"), ("Partners", "=1+1")):
        services.record(
            actor=None,
            action="policy.edited",
            object_kind="policy",
            object_id=name.lower(),
            summary=f"Edited {name}",
            before={"networks": ["10.1.0.0/16"]},
            after={"networks": ["10.2.0.0/16"]},
            reason=reason,
        )
    return signed_in(create_viewer())


def test_list__words__narrow_in_summary_reason_and_id(client):
    assert "Edited Scanners" in client.get("/audit/").content.decode()
    page = client.get("/audit/", {"q": "printer scanners"}).content.decode()
    assert "Edited Scanners" in page
    assert "Edited Partners" not in page


def test_list__asked_by_htmx__answers_the_rows_only(client):
    page = client.get("/audit/", headers={"HX-Request": "true"}).content.decode()
    assert "Edited Scanners" in page
    assert "<html" not in page


@pytest.mark.parametrize("query", [{"actor": "nobody"}, {"since": "never"}, {"kind": "x' OR 1=1 --"}])
def test_list__a_filter_that_cannot_be__shows_nothing_rather_than_everything(client, query):
    assert "Edited" not in client.get("/audit/", query).content.decode()
    assert client.get("/audit/export.csv", query).content.decode().count("\n") == 1


def test_entry__what_changed__stands_there(client):
    page = client.get(f"/audit/{AuditEntry.objects.latest('number').number}/").content.decode()
    assert "10.1.0.0/16" in page
    assert "10.2.0.0/16" in page


def test_entry__plan_of_a_change__is_told_line_by_line_without_marks(client):
    plan = "Relay policy *Scanners* is new.\nSend connector *Internet* is new."
    services.record(
        actor=None,
        action="change.published",
        object_kind="change",
        object_id="7",
        summary="Published",
        after={"plan": plan},
    )
    page = client.get(f"/audit/{AuditEntry.objects.latest('number').number}/").content.decode()
    assert "<div>Relay policy <em>Scanners</em> is new.</div>" in page
    assert "*" not in page.partition("What changed")[2].partition("</ul>")[0]


def test_entry__unknown__is_not_found(client):
    assert client.get("/audit/999/").status_code == 404


def test_export__follows_the_filter_and_defuses_formulas(client):
    lines = client.get("/audit/export.csv", {"q": "partners"}).content.decode().splitlines()
    assert len(lines) == 2
    assert "'=1+1" in lines[1]
    rows = client.get("/audit/export.jsonl").content.decode().splitlines()
    assert {json.loads(row)["object_id"] for row in rows} == {"scanners", "partners"}
    assert client.get("/audit/export.exe").status_code == 404


def test_verify_command__whole_and_then_not(client):
    out = io.StringIO()
    call_command("audit", "verify", stdout=out)
    assert "whole: 2 entries" in out.getvalue()
    AuditEntry.objects.filter(number=1).update(reason="other")
    with pytest.raises(CommandError, match="Entry 1"):
        call_command("audit", "verify")


def test_list__an_entry_of_many_lines__tells_the_first_and_how_many_more(client):
    summary = "\n".join(f"Connector {number} is new." for number in range(1, 19))
    entry = services.record(
        actor=None, action="change.edited", object_kind="change", object_id="9", summary=summary, before=None, after={}
    )
    page = client.get("/audit/").content.decode()
    assert "Connector 6 is new." in page
    assert "Connector 7 is new." not in page
    assert "and 12 more" in page
    assert "Connector 18 is new." in client.get(f"/audit/{entry.number}/").content.decode()
