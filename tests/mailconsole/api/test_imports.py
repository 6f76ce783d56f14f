"""Imports over the API: files in, one draft and its report out; the same refusals as on the page."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mailconsole.audit.models import AuditEntry
from mailconsole.changes.models import Change
from tests.mailconsole.api.test_api import ROOT, Api
from tests.mailconsole.imports.kit import SAMPLES, sample
from tests.support.factories import create_editor, create_reviewer, create_viewer

pytestmark = pytest.mark.django_db


def sent(api, origin, *names, **fields):
    files = [SimpleUploadedFile(*sample(name)) for name in names]
    return api.client.post(f"{ROOT}/imports", {"origin": origin, "files": files, **fields})


def test_import__exports_of_exchange__are_one_draft_with_its_report():
    answer = sent(Api(create_editor(full_name="Erin")), "exchange", "receive.xml", "rights.csv", title="From EX1")
    assert answer.status_code == 201
    made = answer.json()
    assert [one["what"] for one in made["files"]] == ["Get-ReceiveConnector", "Get-ADPermission"]
    assert made["counts"]["mapped"] == sum(line["fate"] == "mapped" for line in made["lines"]) > 0
    assert Change.objects.get(pk=made["change"]).title == "From EX1"
    assert AuditEntry.objects.get(action="import.made").peer == "127.0.0.1"
    reviewer = Api(create_reviewer())
    left = reviewer("GET", f"/imports/{made['id']}?fate=left out").json()["lines"]
    assert {line["fate"] for line in left} == {"left out"} and left
    assert reviewer("GET", "/imports").json()[0]["id"] == made["id"]
    assert reviewer("GET", "/imports/99").status_code == 404


def test_import__main_cf_with_its_tables__is_one_draft():
    names = [f"postfix/{path.name}" for path in (SAMPLES / "postfix").iterdir()]
    answer = sent(Api(create_editor(full_name="Erin")), "postfix", *names)
    assert answer.status_code == 201
    items = Api(create_reviewer())("GET", f"/changes/{answer.json()['change']}").json()["items"]
    assert {one["after"]["owner"] for one in items if one["kind"] == "relay_policies"} == {"Erin"}


@pytest.mark.parametrize(
    ("origin", "data", "status", "words"),
    [
        ("exchange", b"<Objs/>", 422, "nothing that is known"),
        ("exchange", b"PK\x03\x04rubbish", 422, "no zip"),
        ("postfix", b"mynetworks = $a\na = $b\nb = $a\n", 422, "circle"),
        ("sendmail", b"x", 422, "does not fit the schema"),
    ],
)
def test_import__file_that_is_none__is_refused_and_drafts_nothing(origin, data, status, words):
    api = Api(create_editor())
    answer = api.client.post(f"{ROOT}/imports", {"origin": origin, "files": [SimpleUploadedFile("x", data)]})
    assert (answer.status_code, words in answer.content.decode()) == (status, True)
    assert not Change.objects.exists()


def test_import__without_the_role__is_refused():
    answer = sent(Api(create_viewer()), "exchange", "receive.xml")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:mailconsole:problem:not-allowed")
    assert not Change.objects.exists()
