"""`config` on the command line: there and back, idempotent, and what bad input gets."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from mailconsole.changes.models import Change, Revision
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.states import ChangeState, Way
from mailconsole.common.secrets import read_secret
from tests.mailconsole.changes.kit import publish_policy
from tests.support.factories import create_administrator, create_editor, create_reviewer, create_viewer
from transport.rules import passwords

pytestmark = pytest.mark.django_db

POLICY = """\
relay_policies:
- name: Scanners
  networks: [10.1.0.0/16]
  owner: Facilities
  purpose: Scan to mail
"""


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command("config", *[str(argument) for argument in arguments], stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mail.yaml"
    path.write_text(POLICY)
    return path


def test_export_then_apply__changes_nothing(tmp_path):
    create_administrator()
    publish_policy()
    path = tmp_path / "all.yaml"
    assert run("export", str(path)).strip() == f"Revision {head_revision().number} is written to {path}."
    assert path.read_text().strip() == run("export").strip()
    assert run("apply", path).startswith("Nothing to change: revision 2 is as")
    assert Change.objects.count() == 1


def test_apply_publish__only_administrator__publishes_and_says_why(file):
    create_administrator()
    said = run("apply", file, "--publish")
    assert "Relay policy *Scanners* is new: admits 10.1.0.0/16" in said
    assert "by the only administrator" in said
    assert head_revision().way == Way.FIRST_SETUP
    assert [one.name for one in load_document(head_revision()).relay_policies] == ["Scanners"]
    assert run("apply", file, "--publish").startswith("Nothing to change")


def test_apply_publish__somebody_could_review__refuses_and_leaves_no_draft(file):
    create_administrator(username="root")
    create_reviewer()
    with pytest.raises(CommandError, match="somebody else can approve"):
        run("apply", file, "--publish", "--as", "root")
    assert (Change.objects.count(), Revision.objects.count()) == (0, 1)


def test_apply__editor__waits_for_review_and_the_second_time_does_nothing(file):
    create_editor(username="eve")
    assert "waits for a review" in run("apply", file, "--as", "eve", "--title", "Scanners")
    assert Change.objects.get().status is ChangeState.IN_REVIEW
    assert "Nothing to do" in run("apply", file, "--as", "eve")
    assert Change.objects.count() == 1


def test_apply__dry_run__prints_the_plan_and_keeps_nothing(file):
    create_editor(username="eve")
    assert "Nothing was changed" in run("apply", file, "--as", "eve", "--dry-run")
    assert Change.objects.count() == 0


def test_apply__no_role_unknown_or_unsaid_person__refuses(file):
    create_viewer(username="vera")
    with pytest.raises(CommandError, match="needs the role editor"):
        run("apply", file, "--as", "vera")
    with pytest.raises(CommandError, match="no active person 'nobody'"):
        run("apply", file, "--as", "nobody")
    with pytest.raises(CommandError, match="Say whose change it is"):
        run("apply", file)


def test_apply__unknown_key__names_file_line_and_place_and_changes_nothing(file):
    create_administrator()
    file.write_text(POLICY.replace("networks", "networkz"))
    with pytest.raises(CommandError) as caught:
        run("apply", file, "--publish")
    assert f"{file}: line 3: relay_policies[Scanners].networkz: unknown key; did you mean networks?" in str(
        caught.value
    )
    assert Change.objects.count() == 0


def test_apply_and_validate__open_relay__refuse_with_the_place(file):
    create_administrator()
    file.write_text(POLICY.replace("10.1.0.0/16", "0.0.0.0/0"))
    for verb in ("apply", "validate"):
        with pytest.raises(CommandError, match=r"error: relay_policies\[Scanners\].networks: 0.0.0.0/0 is so broad"):
            run(verb, file)
    assert Change.objects.count() == 0


def test_validate__good_file__says_so(file):
    assert "is a valid configuration" in run("validate", file)


def test_any__missing_or_binary_file__is_a_sentence(tmp_path):
    with pytest.raises(CommandError, match=r"none.yaml can't be read: No such file"):
        run("validate", tmp_path / "none.yaml")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="is not UTF-8 text"):
        run("validate", binary)


def test_schema_history_and_diff__tell(file):
    assert json.loads(run("schema"))["title"] == "MailFlow"
    publish_policy()
    assert "Add relay policy Scanners" in run("history")
    assert run("diff", 1).startswith("Relay policy *Scanners* is new")
    assert run("diff", 1, 1).strip() == "No difference."
    with pytest.raises(CommandError, match="There is no revision 9: the newest is 2"):
        run("diff", 9)


def test_secret__from_standard_input__is_stored(monkeypatch):
    create_administrator()
    monkeypatch.setattr("sys.stdin", io.StringIO("s3cret\n"))
    assert "s3cret" not in run("secret", "smart-host")
    assert read_secret("smart-host") == "s3cret"


def test_any__database_without_tables__is_a_sentence(monkeypatch):
    def no_table():
        raise OperationalError("no such table: changes_revision")

    monkeypatch.setattr("mailconsole.changes.cli.read.head_revision", no_table)
    with pytest.raises(CommandError, match=r"database is not ready .* start it once with ./console up"):
        run("export")


def test_password__of_a_service_account__is_printed_once_and_kept_as_a_hash():
    create_administrator()
    said = run("password", "scanner.1")
    password = said.splitlines()[0]
    assert passwords.is_right(read_secret("scanner.1"), password)
    assert password not in read_secret("scanner.1")
