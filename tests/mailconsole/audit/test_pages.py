import io
import json

import pytest
from django.core.management import CommandError, call_command

from mailconsole.accounts.roles import Role
from mailconsole.audit import read, services
from mailconsole.audit.models import AuditEntry
from mailconsole.environment import SyslogTarget
from tests.support.factories import create_auditor, create_person, signed_in

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
    return signed_in(create_auditor())


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


def test_export__of_more_than_one_holds__is_refused_and_not_cut(client, monkeypatch):
    monkeypatch.setattr(read, "MAX_ROWS", 1)
    assert client.get("/audit/export.csv", {"q": "printer"}).status_code == 200
    answer = client.get("/audit/export.csv", {"q": "edited"}, follow=True)
    assert answer.redirect_chain == [("/audit/?q=edited", 302)]
    assert "More than 1 entries match: choose a shorter time" in answer.content.decode()


def test_verify__button__says_whole_and_then_not(client):
    assert "The audit is whole: 2 entries" in client.post("/audit/verify/", follow=True).content.decode()
    AuditEntry.objects.filter(number=1).update(reason="other")
    page = client.post("/audit/verify/", follow=True).content.decode()
    assert "The audit is not whole. Entry 1 was changed after it was written." in page


def test_viewer__sees_what_was_done_and_no_more(client, settings):
    settings.AUDIT_SYSLOG = SyslogTarget("udp", "127.0.0.1", 9)
    client.post("/account/tokens/", {"name": "Nagios", "scopes": ["audit:read"], "lifetime": "30"})
    made = AuditEntry.objects.get(action="token.created")
    address = f"/audit/{made.number}/"
    whole = client.get(address).content.decode()
    assert "127.0.0.1" in whole and made.request_id in whole
    assert "Check the chain" in client.get("/audit/").content.decode()
    viewer = signed_in(create_person(Role.VIEWER, Role.EDITOR, Role.REVIEWER, Role.OPERATOR))
    page = viewer.get(address).content.decode()
    assert "Made the API token Nagios" in page and "127.0.0.1" not in page and made.request_id not in page
    listed = viewer.get("/audit/").content.decode()
    assert "Made the API token" in listed
    assert not any(word in listed for word in ("Check the chain", "export.csv", "as syslog"))
    assert viewer.get("/audit/export.csv").status_code == 403
    assert viewer.post("/audit/verify/").status_code == 403


def run(*arguments):
    out = io.StringIO()
    call_command("audit", *arguments, stdout=out)
    return out.getvalue()


def test_verify_command__whole_and_then_not(client):
    assert "whole: 2 entries" in run("verify")
    AuditEntry.objects.filter(number=1).update(reason="other")
    with pytest.raises(CommandError, match="Entry 1"):
        run("verify")


def test_list_command__is_narrowed_and_hostile_text_moves_no_terminal(client):
    services.record(actor=None, action="a.b", object_kind="k", object_id="1", summary="One \x1b[2J\nTwo", reason="why")
    line = run("list", "--limit", "1")
    assert line.endswith("Z  system  a.b  One \N{REPLACEMENT CHARACTER}[2J and 1 more (why)\n")
    assert run("list", "--id", "scanners", "--kind", "policy", "--words", "printer").count("\n") == 1
    assert json.loads(run("list", "--action", "a.b", "--json"))["reason"] == "why"
    assert run("list", "--until", "2001-01-01") == ""


def test_export_command__writes_a_copy_that_verify_takes_and_a_forged_one_it_does_not(client, tmp_path):
    file = tmp_path / "audit.jsonl"
    assert run("export", str(file)) == f"2 entries are written to {file}.\n"
    assert run("verify", "--copy", str(file)) == "The copy is whole: 2 entries.\n"
    file.write_text(file.read_text().replace("printer 7", "printer 8"))
    with pytest.raises(CommandError, match=r"The copy is not whole. Entry 1 is not as it was written."):
        run("verify", "--copy", str(file))
    file.write_text("[]\n")
    with pytest.raises(CommandError, match="is no copy of the audit"):
        run("verify", "--copy", str(file))
    assert run("export", "--format", "csv", "--words", "partners").count("\n") == 2
    with pytest.raises(CommandError, match="can't be written"):
        run("export", str(tmp_path))


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
