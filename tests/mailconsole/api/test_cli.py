"""Changes on the command line: the acts of pages and API, with their refusals, words, and exit codes."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from mailconsole.accounts.models import User
from mailconsole.api.cli import acts, conflicts, items, times
from mailconsole.api.root import api
from mailconsole.audit.models import AuditEntry
from mailconsole.changes.models import Change
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.states import ChangeState
from mailconsole.changes.urls import urlpatterns
from mailconsole.nodes.models import Activation, Node
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.changes.kit import create_change, publish_policy, reloaded
from tests.support.factories import create_administrator, create_editor, create_reviewer, create_viewer

pytestmark = pytest.mark.django_db
D, R, A = ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPROVED
POLICY = "name: Scanners\nnetworks: [10.1.0.0/16]\nowner: Facilities\npurpose: Scan to mail\n"


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command("config", *[str(argument) for argument in arguments], stdout=out)
    return out.getvalue()


def told(*arguments: object) -> Any:
    return json.loads(run(*arguments, "--json"))


def refused(*arguments: object) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return caught.value


@pytest.fixture
def people():
    create_editor(username="eve")
    create_reviewer(username="rob")


def test_verbs__each_act_of_the_pages__is_there_and_over_http_too():
    pages = {str(one.pattern).removeprefix("<int:pk>/").strip("/") for one in urlpatterns
             if str(one.pattern).startswith("<int:pk>/")} - {"", "impact", "impact/again"}  # fmt: skip
    pages -= {"words", "read"}  # ``describe`` by a form that saves itself; notices that somebody saw
    verbs = {verb.name for verb in (*items.VERBS, *acts.VERBS, *times.VERBS, *conflicts.VERBS)}
    assert pages <= verbs
    paths = api.get_openapi_schema(path_prefix="")["paths"]
    there = {path.removeprefix("/changes/{pk}/") for path in paths if path.startswith("/changes/{pk}/")}
    there |= {"comment"} if "comments" in there else set()
    there |= {"discard-item"} if "discard/{kind}/{object_id}" in there else set()
    there |= {"describe"} if "patch" in paths["/changes/{pk}"] else set()
    assert pages <= there


def test_life__opened_filled_reviewed_and_published__by_two_people(people, tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    number = told("open", "--title", "Scanners", "--as", "eve")["id"]
    assert told("put-item", number, "relay_policies", file, "--as", "eve")["items"][0]["object_id"] == "scanners"
    assert "Waits" in run("submit", number, "--as", "eve") or "waits" in run("show", number)
    assert "is new: admits 10.1.0.0/16" in run("show", number)
    digest = told("show", number)["digest"]
    run("comment", number, "Why so wide?", "--on", "relay_policies", "scanners", "--as", "rob")
    assert told("show", number)["comments"][0]["kind"] == "relay_policies"
    assert told("approve", number, "--digest", digest, "--as", "rob")["state"] == "approved"
    assert run("publish", number, "--digest", digest, "--as", "rob").strip() == "Published as revision 2."
    assert load_document(head_revision()).relay_policies[0].name == "Scanners"
    assert AuditEntry.objects.get(action="change.published").peer.startswith("a terminal of ")


def test_show__json__is_what_the_api_answers(people):
    change = create_change(R)
    run("comment", change.pk, "Fine", "--as", "rob")
    assert told("show", change.pk) == Api(create_viewer())("GET", f"/changes/{change.pk}").json()


@pytest.mark.parametrize(
    ("state", "arguments", "code", "sentence"),
    [
        (R, ("approve", "--digest", "DIGEST", "--as", "eve"), 4, "is your own change|needs the role reviewer"),
        (R, ("approve", "--digest", "0" * 64, "--as", "rob"), 3, "was edited after you opened it"),
        (D, ("approve", "--digest", "DIGEST", "--as", "rob"), 3, "is draft"),
        (R, ("publish", "--as", "rob"), 3, "is in review"),
        (R, ("publish", "--as", "eve"), 4, "needs the role reviewer"),
        (D, ("submit", "--as", "ann"), 4, "only they edit, submit and withdraw it"),
        (D, ("take-over", "--as", "ann"), 1, "Say why"),
        (R, ("request-changes", "--digest", "DIGEST", "--comment", " ", "--as", "rob"), 1, "Say what should be"),
        (D, ("publish-freely", "--as", "eve"), 3, "needs one approval of any reviewer"),
        (D, ("publish-alone", "--as", "root"), 4, "Somebody else can review"),
        (D, ("break-glass", "--as", "root"), 1, "Say why this can't wait"),
        (D, ("break-glass", "--reason", "x", "--digest", "0", "--as", "root"), 3, "was edited after"),
        (D, ("review-afterwards", "--comment", "x", "--as", "rob"), 3, "owes no review"),
        (A, ("schedule", "--at", "2020-01-01T00:00", "--digest", "DIGEST", "--as", "rob"), 1, "That time has passed"),
        (A, ("cancel-schedule", "--as", "rob"), 3, "is not scheduled"),
        (D, ("expire", "--at", "tomorrow", "--as", "eve"), 1, "--at: tomorrow is no time"),
        (D, ("shorten", "--reason", "x", "--as", "eve"), 3, "is not in effect for a time only"),
        (D, ("prolong", "--reason", "x", "--as", "eve"), 3, "is not in effect for a time only"),
        (D, ("discard-item", "relay_policies", "none", "--as", "eve"), 1, "not an item of the change"),
        (D, ("delete-item", "relay_policies", "none", "--as", "eve"), 1, "There is no relay policy 'none'"),
        (D, ("delete-item", "nonsense", "none", "--as", "eve"), 1, "There is no section 'nonsense'"),
        (D, ("comment", " ", "--as", "rob"), 1, "The comment is empty"),
        (D, ("bring-up-to-date", "--head", "9", "--as", "eve"), 3, "look at the conflicts again"),
    ],
)
def test_refusal__of_each_verb__has_its_words_and_its_exit_code(people, state, arguments, code, sentence):
    create_editor(username="ann")
    create_administrator(username="root")
    change = create_change(state, author=User.objects.get(username="eve"))
    verb, *rest = [digest_of(change) if one == "DIGEST" else one for one in arguments]
    error = refused(verb, change.pk, *rest)
    assert error.returncode == code
    assert any(one in str(error) for one in sentence.split("|"))
    assert reloaded(change).status is state


def test_refusal__with_json__is_a_problem_as_the_api_has_it(people):
    change, out = create_change(D), io.StringIO()
    with pytest.raises(CommandError):
        call_command("config", "publish", str(change.pk), "--as", "rob", "--json", stdout=out)
    said = json.loads(out.getvalue())
    answer = Api(create_reviewer())("POST", f"/changes/{change.pk}/publish").json()
    assert said == {name: answer[name] for name in ("type", "title", "detail")}


def test_change_that_is_not_there__is_a_sentence(people):
    assert str(refused("submit", 4711, "--as", "eve")) == "There is no change 4711."
    assert str(refused("show", 4711)) == "There is no change 4711."


def test_conflicts__settled_field_by_field(people):
    publish_policy()
    number = told("open", "--as", "eve")["id"]
    change = Change.objects.get(pk=number)
    item = json.dumps({"name": "Scanners", "networks": ["10.1.0.0/16"], "owner": "IT", "purpose": "Mine"})
    file = io.StringIO(item)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", file)
        run("put-item", number, "relay_policies", "-", "--id", "scanners", "--as", "eve")
    publish_policy("scanners", owner="Print room", purpose="Theirs")
    found = told("conflicts", number)
    assert {one["field"] for one in found["conflicts"]} == {"owner", "purpose"}
    assert '  head  "Print room"' in run("conflicts", number)
    take = ("--take", "relay_policies", "scanners", "owner", "head")
    assert refused("bring-up-to-date", number, *take, "--as", "eve").returncode == 3
    run("bring-up-to-date", number, *take, "--set", "relay_policies", "scanners", "purpose", "Both", "--as", "eve")
    after = reloaded(change).items.get().after
    assert after is not None
    assert (after["owner"], after["purpose"]) == ("Print room", "Both")
    assert run("conflicts", number).strip() == "No conflict."


def test_times__scheduled_and_taken_back__ended_and_kept(people):
    change = create_change(A)
    at = (timezone.now() + timedelta(days=1)).isoformat()
    said = told("schedule", change.pk, "--at", at, "--digest", digest_of(change), "--as", "rob")
    assert said["publish_at"] is not None
    assert told("cancel-schedule", change.pk, "--as", "rob")["publish_at"] is None
    author = change.author.username
    assert told("expire", change.pk, "--at", at, "--as", author)["state"] == "draft"
    assert told("expire", change.pk, "--never", "--as", author)["expires_at"] is None


def test_break_glass__then_the_review__are_told_in_the_list(people):
    create_administrator(username="root")
    change = create_change(D)
    run("break-glass", change.pk, "--reason", "Mail is down", "--as", "root")
    assert [one["id"] for one in told("changes", "--review-owed")] == [change.pk]
    assert told("review-afterwards", change.pk, "--comment", "Fine", "--as", "rob")["is_review_owed"] is False
    assert told("changes", "--review-owed") == []


def test_changes_and_show__hostile_title__never_reaches_the_terminal(people):
    change = create_change(D)
    Change.objects.filter(pk=change.pk).update(title="a\x1b]0;pwned\x07b", reason="x\x1b[2J")
    assert "\x1b" not in run("changes") + run("show", change.pk)


def test_nodes__wait__ends_well_where_each_runs_the_newest_and_says_which_does_not(people):
    publish_policy()
    now = timezone.now()
    good = Node.objects.create(name="transport-1", running_revision=2, heartbeat_at=now)
    assert run("nodes", "--wait", "0").strip() == "transport-1  revision 2  as published"
    bad = Node.objects.create(name="transport-2", running_revision=1, heartbeat_at=now)
    Activation.objects.create(node=bad, revision=2, state="refused", error="no certificate", at=now)
    said = refused("nodes", "--wait", "0")
    assert str(said) == "transport-2 runs revision 1, not 2: it refused revision 2: no certificate"
    assert [one["name"] for one in told("nodes")] == [good.name, bad.name]


def test_apply__into_a_change_that_is_there__leads_it_to_the_file_and_submits_it_anew(people, tmp_path):
    file = tmp_path / "mail.yaml"
    file.write_text("relay_policies:\n- " + POLICY.replace("\n", "\n  ").rstrip())
    said = told("apply", file, "--as", "eve", "--draft")
    assert said["outcome"] == "drafted"
    assert (said["state"], said["revision"]) == ("draft", None)
    publish_policy(name="Printers")
    file.write_text(file.read_text().replace("Facilities", "IT") + "\n- " + POLICY.replace("Scanners", "Printers")
                    .replace("\n", "\n  ").rstrip())  # fmt: skip
    again = told("apply", file, "--as", "eve", "--change", said["change"])
    assert (again["change"], again["state"], again["head"]) == (said["change"], "in_review", 2)
    assert again["outcome"] == "submitted" and told("apply", file, "--as", "eve")["outcome"] == "waits_already"
    assert again["digest"] != said["digest"]
    assert [one["object_id"] for one in told("show", said["change"])["items"]] == ["scanners"]
    assert refused("apply", file, "--as", "rob", "--change", said["change"]).returncode == 4
