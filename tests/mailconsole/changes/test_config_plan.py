"""`config plan`, `explain`, `restore` and `diff --yaml`: what a pipeline asks before and after a merge."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from mailconsole.changes import recorded
from mailconsole.changes.models import Change
from mailconsole.changes.recorded import RecordedDecision, Sample
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.states import ChangeState
from tests.mailconsole.changes.kit import create_change, publish_policy
from tests.mailconsole.changes.test_config_command import POLICY, run
from tests.support.factories import create_editor, create_viewer

pytestmark = pytest.mark.django_db
ASKED = ("--peer", "10.1.2.3", "--from", "scan@contoso.com", "--to", "bob@partner.example")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mail.yaml"
    path.write_text(POLICY)
    return path


@pytest.fixture(autouse=True)
def one_refusal(monkeypatch):
    at = timezone.now() - timedelta(hours=1)
    refused = RecordedDecision(at, "10.1.2.3", "default", "s@contoso.com", "b@partner.example", "smtp", reply="550 no")
    monkeypatch.setattr(recorded, "_plugged", {})
    recorded.register_decisions(lambda *, since, until, limit: Sample([refused], 1, "all 1 of them"))


def test_plan__file__says_the_words_and_the_impact_and_changes_nothing(file):
    said = run("plan", file)
    assert "Relay policy *Scanners* is new: admits 10.1.0.0/16" in said
    assert "Impact: 1 of 1 attempts of the last 7 days would get another answer (all 1 of them)." in said
    assert "1  Relay policy Scanners: refused: 550 5.7.1 Unable to relay -> accepted" in said
    assert not Change.objects.exists() and head_revision().number == 1


def test_plan__json__is_for_programs(file):
    said = json.loads(run("plan", file, "--json"))
    assert (said["is_applicable"], said["impact"]["counts"]) == (True, {"verdict": 1})
    assert json.loads(run("plan", file, "--json", "--no-impact"))["impact"] is None


def test_plan__as_it_is__says_so(file):
    publish_policy()
    assert run("plan", file).startswith("Nothing to change")


def test_plan__change__is_planned_too():
    assert "Scanners" in run("plan", "--change", create_change().pk)


def test_plan__what_could_not_be_applied__ends_with_an_error(tmp_path):
    path = tmp_path / "open.yaml"
    path.write_text(POLICY.replace("10.1.0.0/16", "0.0.0.0/0"))
    with pytest.raises(CommandError, match=r"open.yaml: error: relay_policies\[Scanners\]"):
        run("plan", path)
    with pytest.raises(CommandError, match="no change 99"):
        run("plan", "--change", 99)
    with pytest.raises(CommandError, match="Say what to plan"):
        run("plan")


def test_explain__under_head_change_revision_and_file(file):
    change = create_change()
    assert run("explain", *ASKED).startswith("Refused: 550 5.7.1 Unable to relay. Under: Revision 1")
    assert run("explain", *ASKED, "--under", f"c{change.pk}").startswith("Accepted")
    assert run("explain", *ASKED, "--under", file).startswith("Accepted")
    assert json.loads(run("explain", *ASKED, "--under", "r1", "--json"))["action"] == "refuse"


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--under", "r9", "no revision 9"),
        ("--peer", "here", "--peer or --size"),
        ("--size", "big", "--peer or --size"),
        ("--to", "nobody", "No mail address"),
        ("--at", "noon", "write for example"),
        ("--under", "/no/such/file", "can't be read"),
    ],
)
def test_explain__what_cant_be_asked__is_refused(option, value, words):
    with pytest.raises(CommandError, match=words):
        run("explain", *ASKED, option, value)


def test_restore__submits_a_change_that_leads_back():
    publish_policy()
    author = create_editor()
    said = run("restore", 1, "--as", author.username, "--reason", "It was better")
    assert "Relay policy *Scanners* is deleted" in said and "waits for a review" in said
    change = Change.objects.get(author=author)
    assert (change.status, change.reason) == (ChangeState.IN_REVIEW, "It was better")


def test_restore__without_the_role_or_the_revision__is_refused():
    publish_policy()
    with pytest.raises(CommandError, match="needs the role editor"):
        run("restore", 1, "--as", create_viewer().username)
    with pytest.raises(CommandError, match="no revision 9"):
        run("restore", 9, "--as", create_editor().username)
    assert load_document(head_revision()).relay_policies


def test_diff__yaml__shows_lines_of_the_object():
    publish_policy()
    publish_policy("scanners", networks=["10.1.0.0/16", "10.2.0.0/16"])
    assert "# Relay policy Scanners" in run("diff", 2, 3, "--yaml")
    assert "+- 10.2.0.0/16" in run("diff", 2, 3, "--yaml")
