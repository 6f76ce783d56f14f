"""Learning by programs: the same services and refusals on the command line and over the API."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from mailconsole.changes.models import Change, ChangeItem, Revision
from mailconsole.learning.models import LearningWindow
from mailconsole.tracking.models import Refusal
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.changes.test_reach import limited
from tests.support.factories import create_editor, create_viewer, signed_in
from tests.support.traffic import Traffic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def traffic():
    made = Traffic(at=(timezone.now() - timedelta(hours=1)).timestamp())
    for number in range(1, 6):
        made.receive("x@partner.example", sender="scan@contoso.example", peer=f"10.1.2.{number}", tls="TLSv1.3")
    made.refuse()
    made.ingest()
    return made


@pytest.fixture
def editor():
    return create_editor(username="erin", full_name="Erin")


def run(*arguments):
    out = io.StringIO()
    call_command("learn", *[str(argument) for argument in arguments], stdout=out)
    return out.getvalue()


def staged():
    item = ChangeItem.objects.get()
    assert item.after is not None and Revision.objects.count() == 1
    return item.after


def test_api__window_candidates_draft__as_on_the_page(editor):
    api = Api(editor)
    assert api("GET", "/learning/default").json()["type"] == "urn:mailconsole:problem:never-learned"
    found = api("POST", "/learning/default/start", {"back_days": 7, "ahead_days": 0})
    assert (found.status_code, found.json()["is_open"], found.json()["messages"]) == (201, False, 5)
    accepted, refused = found.json()["candidates"]
    assert (accepted["suggested_networks"], refused["is_refused"]) == (["10.1.2.0/24"], True)
    said = {"keys": [accepted["key"]], "networks": [accepted["key"]], "purpose": "Scan to mail"}
    answer = api("POST", "/learning/default/draft", said)
    assert (answer.status_code, answer.json()["state"]) == (201, "draft")
    after = staged()
    assert (after["networks"], after["recipient_addresses"]) == (["10.1.2.0/24"], ["partner.example"])
    assert (after["owner"], after["purpose"], after["is_tls_required"]) == ("Erin", "Scan to mail", True)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "name"),
    [
        ("GET", "/learning/nowhere", {}, 404, "no-such-connector"),
        ("POST", "/learning/nowhere/start", {}, 404, "no-such-connector"),
        ("POST", "/learning/nowhere/stop", {}, 404, "no-such-connector"),
        ("POST", "/learning/default/start", {"back_days": 31}, 422, "bad-request"),
        ("POST", "/learning/default/stop", {}, 409, "not-learning"),
        ("POST", "/learning/default/draft", {"keys": ["0"], "purpose": "x"}, 404, "never-learned"),
        ("POST", "/learning/default/draft", {"keys": ["0"], "purpose": ""}, 422, "bad-request"),
        ("POST", "/refusals/99/draft", {}, 404, "not-found"),
    ],
)
def test_api__what_is_not_there__is_refused_by_name(editor, method, path, body, status, name):
    answer = Api(editor)(method, path, body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:mailconsole:problem:{name}")
    assert not Change.objects.exists()


def test_api__twice_begun_and_candidates_that_are_gone__conflict(editor):
    api = Api(editor)
    key = api("POST", "/learning/default/start").json()["candidates"][0]["key"]
    assert api("POST", "/learning/default/start").json()["type"] == "urn:mailconsole:problem:learns-already"
    answer = api("POST", "/learning/default/draft", {"keys": [key, "0" * 16], "purpose": "x"})
    assert (answer.status_code, "1 of the chosen is not there" in answer.json()["detail"]) == (409, True)
    assert not ChangeItem.objects.exists()
    assert api("POST", "/learning/default/draft", {"keys": [], "purpose": "x"}).status_code == 422
    assert api("POST", "/learning/default/stop").json()["is_open"] is False


def test_api__viewer__reads_but_changes_nothing(editor):
    Api(editor)("POST", "/learning/default/start")
    viewer, number = Api(create_viewer()), Refusal.objects.get().pk
    key = viewer("GET", "/learning/default").json()["candidates"][0]["key"]
    assert viewer("GET", "/refusals").status_code == 200
    asked = {"keys": [key], "purpose": "x"}
    for path, body in (("start", {}), ("stop", {}), ("draft", asked)):
        assert viewer("POST", f"/learning/default/{path}", body).status_code == 403
    assert viewer("POST", f"/refusals/{number}/draft", {}).status_code == 403
    assert not Change.objects.exists() and LearningWindow.objects.count() == 1


def test_api__refusal__is_found_and_drafted_as_narrow_as_it_was(editor):
    api = Api(editor)
    (found,) = api("GET", "/refusals?peer=127.0.0.2").json()
    assert api("GET", "/refusals?recipient=other.example").json() == []
    answer = api("POST", f"/refusals/{found['id']}/draft", {"owner": "Facilities", "purpose": "Scanner 7"})
    assert answer.status_code == 201
    after = staged()
    assert (after["networks"], after["sender_addresses"]) == (["127.0.0.2"], ["contoso.example"])
    assert (after["recipient_addresses"], after["is_enabled"]) == (["fabrikam.example"], True)
    assert (after["owner"], after["purpose"]) == ("Facilities", "Scanner 7")


def test_api__refusal_of_the_null_sender__is_drafted_disabled_and_so_is_its_form(editor, traffic):
    traffic.refuse(sender="", peer="10.9.9.9")
    traffic.ingest()
    refusal = Refusal.objects.get(peer="10.9.9.9")
    assert Api(editor)("POST", f"/refusals/{refusal.pk}/draft", {}).status_code == 201
    assert (staged()["is_enabled"], staged()["sender_addresses"]) == (False, [])
    browser = signed_in(editor)
    page = browser.get(reverse("tracking:refusal", args=[refusal.pk])).content.decode()
    url = page.split('href="/mail-flow/relay-policies/new/?')[1].split('"')[0]
    form = browser.get("/mail-flow/relay-policies/new/?" + url.replace("&amp;", "&")).content.decode()
    assert "Disabled: it was the null sender." in form


def test_api__refusal_that_no_policy_would_help__is_refused(editor, traffic):
    traffic.refuse(stage="connect", sender="", recipient="", peer="10.9.9.9")
    traffic.ingest()
    number = Refusal.objects.get(peer="10.9.9.9").pk
    answer = Api(editor)("POST", f"/refusals/{number}/draft", {})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:mailconsole:problem:no-policy-helps")


def test_api__limited_editor__drafts_nothing_beyond_the_limit(editor):
    answer = Api(limited(editor))("POST", f"/refusals/{Refusal.objects.get().pk}/draft", {})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:mailconsole:problem:out-of-reach")
    assert not ChangeItem.objects.exists()


def test_cli__start_show_draft_stop__as_on_the_page(editor):
    assert run("start", "default", "--back", 7, "--as", "erin").startswith("It learns from ")
    shown = run("show", "default")
    assert "(suggested: 10.1.2.0/24)  as contoso.example to partner.example  5 recipients  accepted" in shown
    key = json.loads(run("show", "default", "--json"))["candidates"][0]["key"]
    said = run("draft", "default", key, "--purpose", "Scan to mail", "--network", key, "--as", "erin")
    assert (
        said == f"Staged in draft {Change.objects.get().pk}, “Let learned clients relay”. Nothing of it is in effect.\n"
    )
    assert (staged()["networks"], staged()["owner"]) == (["10.1.2.0/24"], "Erin")
    assert run("stop", "default", "--as", "erin").startswith("The window is ended.")


def test_cli__refusal__is_listed_and_drafted(editor):
    number = Refusal.objects.get().pk
    assert f"{number}  " in run("refusals") and run("refusals", "--peer", "10.0.0.9") == ""
    assert json.loads(run("refusals", "--json"))["id"] == number
    run("draft-refusal", number, "--as", "erin")
    assert staged()["purpose"].startswith("Asked for after ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("start", "default", "--as", "vera"), "needs the role editor"),
        (("start", "nowhere", "--as", "erin"), "no such receive connector"),
        (("start", "default", "--back", "-1", "--as", "erin"), "no less than 0"),
        (("stop", "default", "--as", "erin"), "It does not learn"),
        (("show", "default"), "Nothing was learned of Default"),
        (("draft", "default", "0", "--purpose", "x", "--as", "vera"), "needs the role editor"),
        (("draft-refusal", "99", "--as", "erin"), "There is no refusal 99"),
    ],
)
def test_cli__what_may_not_be__is_refused_in_a_sentence(editor, arguments, words):
    create_viewer(username="vera")
    with pytest.raises(CommandError, match=words):
        run(*arguments)
    assert not Change.objects.exists()
