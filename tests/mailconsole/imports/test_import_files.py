"""An import is one draft with its report: from the page, from the command line, and what each refuses."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from mailconsole.audit.models import AuditEntry
from mailconsole.changes.models import Change, Immutable
from mailconsole.imports.models import ImportReport, Origin
from mailconsole.imports.reading import files as reading
from mailconsole.imports.refusals import UnreadableFile
from mailconsole.imports.services.import_files import import_files
from tests.mailconsole.changes.kit import NOW
from tests.mailconsole.imports.kit import SAMPLES, sample
from tests.support.factories import create_editor, create_reviewer, create_viewer, signed_in

pytestmark = pytest.mark.django_db
ALL = ("receive.xml", "rights.csv", "send.json", "accepted.csv", "RECV2026112010-1.LOG")


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(SAMPLES / name, f"../../{name}")
    return out.getvalue()


def made(*names: str) -> ImportReport:
    return import_files(actor=create_editor(), origin=Origin.EXCHANGE, files=[sample(name) for name in names or ALL],
                        owner="Postmasters", now=NOW)  # fmt: skip


def test_import__all_at_once__is_one_draft_whose_reviewer_finds_the_report():
    report = made()
    assert Change.objects.get().status.label == "Draft"
    browser = signed_in(create_reviewer())
    page = browser.get(reverse("changes:detail", args=[report.change_id])).content.decode()
    assert reverse("imports:report", args=[report.pk]) in page and "left out" in page
    told = browser.get(reverse("imports:report", args=[report.pk])).content.decode()
    assert "LongAddressesEnabled" in told and "receive.xml" in told
    assert reverse("mailflow:relay-policy-edit", args=["scanners-relay"]) in told
    assert "surprise\ufffdhere" in told  # law 8
    only = browser.get(reverse("imports:report", args=[report.pk]), {"fate": "mapped"}).content.decode()
    assert "RemoteIPRanges" in only and "LongAddressesEnabled" not in only
    assert "LongAddressesEnabled" in browser.get(reverse("imports:report-csv", args=[report.pk])).content.decode()
    with pytest.raises(Immutable):
        report.save()


def test_page__zip_of_files__drafts_them_and_audits_their_digests():
    file = SimpleUploadedFile("exports.zip", zipped(*ALL))
    said = {"origin": "exchange", "owner": "Postmasters", "files": [file]}
    answer = signed_in(create_editor()).post(reverse("imports:new"), said)
    report = ImportReport.objects.get()
    assert answer.status_code == 302 and answer["Location"] == reverse("imports:report", args=[report.pk])
    assert [one["name"] for one in report.files] == list(ALL)
    assert AuditEntry.objects.get(action="import.made").object_id == str(report.change_id)


def test_page__postfix__drafts_its_tables():
    files = [SimpleUploadedFile(path.name, path.read_bytes()) for path in (SAMPLES / "postfix").iterdir()]
    said = {"origin": "postfix", "owner": "Postmasters", "files": files}
    assert signed_in(create_editor()).post(reverse("imports:new"), said).status_code == 302
    report = ImportReport.objects.get()
    assert {one["what"] for one in report.files} >= {"main.cf", "transport_maps", "virtual_alias_maps"}


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"PK\x03\x04rubbish", "no zip"), (b"<Objs/>", "nothing that is known"), (b"", "The submitted file is empty")],
)
def test_page__file_that_is_none__is_refused_at_the_field_and_drafts_nothing(data, words):
    said = {"origin": "exchange", "owner": "x", "files": [SimpleUploadedFile("bad.xml", data)]}
    answer = signed_in(create_editor()).post(reverse("imports:new"), said)
    assert answer.status_code == 422 and words in answer.content.decode()
    assert not Change.objects.exists()


def test_page__viewer__may_not():
    assert signed_in(create_viewer()).get(reverse("imports:new")).status_code == 403


def test_zip__that_unpacks_to_too_much__is_refused(monkeypatch):
    monkeypatch.setattr(reading, "MAX_FILE_OCTETS", 1000)
    with pytest.raises(UnreadableFile, match="larger than"):
        reading.opened([("a.zip", zipped("receive.xml"))])


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command("config", "import", *[str(argument) for argument in arguments], stdout=out)
    return out.getvalue()


def test_command__files__drafts_and_prints_what_was_not_mapped():
    create_editor(username="eve")
    said = run("exchange", *(SAMPLES / name for name in ALL), "--as", "eve")
    assert "left out: Get-ReceiveConnector EX1\\Default Frontend EX1: LongAddressesEnabled" in said
    assert "mapped: " not in said.replace("left out: ", "") and "Nothing of it is in effect." in said


def test_command__again_when_published__says_that_nothing_changes(tmp_path):
    create_editor(username="eve")
    nothing = tmp_path / "accepted.csv"
    nothing.write_text('"Name","DomainName","DomainType"\n"all","*","InternalRelay"\n')
    with pytest.raises(CommandError, match="Nothing in these files changes"):
        run("exchange", nothing, "--as", "eve")
    with pytest.raises(CommandError, match="can't be read: No such file"):
        run("exchange", tmp_path / "none.xml", "--as", "eve")
    assert not Change.objects.exists()
