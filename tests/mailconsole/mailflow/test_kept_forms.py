"""Forms that are kept as they are typed: what is kept, who sees it, what a form that comes back says."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from mailconsole.changes.models import ChangeItem, KeptForm
from tests.mailconsole.changes.kit import publish_policy
from tests.mailconsole.changes.test_reach import limited
from tests.mailconsole.mailflow.kit import POLICY
from tests.support.factories import PASSWORD, create_editor, create_reviewer, signed_in

pytestmark = pytest.mark.django_db
CREATE = reverse("mailflow:relay-policy-create")
EDIT = reverse("mailflow:relay-policy-edit", args=["scanners"])
KEEP = reverse("mailflow:keep", args=["relay_policies"])
DISCARD = reverse("mailflow:discard-kept", args=["relay_policies"])
OPENED = "This form opened with what you typed"


def page(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def keep_from(client: Client, path: str, **fields: str) -> str:
    """As the page at ``path`` keeps itself; the words that it shows."""
    keeping = client.get(path).context["keeping"]
    return client.post(keeping_url(path), json.loads(keeping.sent) | fields).content.decode()


def keeping_url(path: str) -> str:
    return KEEP if "/relay-policies/" in path else reverse("mailflow:keep", args=["send_connectors"])


def test_keep__new_object__comes_back_in_the_form_until_it_is_staged():
    editor = signed_in(create_editor())
    assert "Kept " in keep_from(editor, CREATE, **POLICY | {"name": "Half a na"})
    shown = page(editor, CREATE)
    assert OPENED in shown and 'value="Half a na"' in shown and "10.2.0.0/16" in shown
    assert not ChangeItem.objects.exists()
    editor.post(CREATE, POLICY)
    assert not KeptForm.objects.exists() and ChangeItem.objects.count() == 1
    assert OPENED not in page(editor, CREATE)


def test_keep__staging_refused__is_still_there_and_the_page_keeps_what_was_sent():
    editor = signed_in(create_editor())
    keep_from(editor, CREATE, **POLICY)
    answer = editor.post(CREATE, POLICY | {"networks": "nonsense", "keeps": "1"})
    assert answer.status_code == 422 and ", load" in answer.content.decode()
    assert KeptForm.objects.exists()


def test_kept__of_somebody_else__is_not_shown():
    keep_from(signed_in(create_editor()), CREATE, name="Secret plan")
    shown = page(signed_in(create_editor()), CREATE)
    assert "Secret plan" not in shown and OPENED not in shown


def test_kept__object_changed_meanwhile__says_which_fields():
    publish_policy()
    editor = signed_in(create_editor())
    keep_from(editor, EDIT, name="Scanners", owner="Me")
    assert "The object has not changed since" in page(editor, EDIT)
    publish_policy("scanners", networks=["10.9.0.0/16"], owner="IT")
    shown = page(editor, EDIT)
    assert "Meanwhile the object changed: <strong>Networks, Owner</strong>" in shown and 'value="Me"' in shown
    keep_from(editor, EDIT, name="Scanners", owner="Still me")
    assert "Meanwhile the object changed: <strong>Networks, Owner</strong>" in page(editor, EDIT)


def test_discard__post__deletes_it_and_goes_back_to_the_form():
    publish_policy()
    editor = signed_in(create_editor())
    keep_from(editor, EDIT, owner="Me")
    assert editor.get(DISCARD).status_code == 405
    answer = editor.post(DISCARD, {"kept_of": "scanners"})
    assert answer.headers["Location"] == EDIT and not KeptForm.objects.exists()
    assert editor.post(DISCARD, {"kept_of": "\0"}).headers["Location"] == CREATE


def test_keep__fields_unknown_to_the_form_and_passwords__are_not_kept():
    path = reverse("mailflow:send-connector-create")
    editor = signed_in(create_editor())
    assert 'hx-params="not csrfmiddlewaretoken,password"' in page(editor, path)
    keep_from(editor, path, name="Out", password=PASSWORD, password_secret="other", evil="x", id="x")
    kept = KeptForm.objects.get()
    assert json.loads(kept.said)["name"] == "Out"
    assert not {"password", "password_secret", "evil", "id"} & json.loads(kept.said).keys()
    assert PASSWORD not in kept.said + kept.basis and "A password is never kept" in page(editor, path)


def test_keep__hostile_text__is_escaped():
    editor = signed_in(create_editor())
    keep_from(editor, CREATE, name='"><script>alert(1)</script>', networks="</textarea><b>\0")
    shown = page(editor, CREATE)
    assert "<script>alert" not in shown and "</textarea><b>" not in shown and "&lt;script&gt;alert(1)" in shown


def test_keep__rows_of_a_rule__come_back():
    path = reverse("mailflow:mail-flow-rule-create")
    editor = signed_in(create_editor())
    rows = {"conditions-0-kind": "SubjectContainsWords", "conditions-0-values": "invoice\nbill",
            "actions-0-kind": "RejectMessage", "actions-0-text": "No <b>"}  # fmt: skip
    editor.post(reverse("mailflow:keep", args=["mail_flow_rules"]), {"name": "No bills"} | rows)
    shown = page(editor, path)
    assert "invoice\nbill</textarea>" in shown and 'value="No &lt;b&gt;"' in shown
    added = editor.post(path, {"add": "actions", "actions-kind": "Quarantine"}, headers={"hx-request": "true"})
    assert added.headers["HX-Trigger"] == "keep"


def test_keep__too_much__says_so_beside_the_button():
    said = keep_from(signed_in(create_editor()), CREATE, purpose="x" * 70_000)
    assert "Not kept: the form holds more than 64 KB" in said and not KeptForm.objects.exists()


def test_form__filled_in_by_its_address__leaves_what_is_kept_alone():
    editor = signed_in(create_editor())
    keep_from(editor, CREATE, name="Earlier")
    filled = f"{CREATE}?network=10.7.0.0/16"
    shown = page(editor, filled)
    assert "10.7.0.0/16" in shown and "Earlier" not in shown and "data-keep" not in shown
    assert "You typed something else into this form" in shown
    editor.post(filled, POLICY)
    assert KeptForm.objects.exists() and ChangeItem.objects.count() == 1


@pytest.mark.parametrize("path", [KEEP, DISCARD])
def test_keep__wrong_role_method_kind_or_forged__is_refused(path):
    editor = create_editor()
    assert signed_in(create_reviewer()).post(path).status_code == 403
    assert signed_in(editor).get(path).status_code == 405
    assert signed_in(editor).post(path.replace("relay_policies", "nonsense")).status_code == 404
    forger = Client(enforce_csrf_checks=True)
    forger.force_login(editor, backend="django.contrib.auth.backends.ModelBackend")
    assert forger.post(path).status_code == 403
    assert not KeptForm.objects.exists()


def test_keep__object_that_is_not_there__is_refused():
    assert signed_in(create_editor()).post(KEEP, {"kept_of": "nowhere", "name": "x"}).status_code == 404


def test_keep__beyond_the_persons_limit__is_refused():
    publish_policy()
    editor = limited(create_editor())
    assert signed_in(editor).post(KEEP, {"kept_of": "scanners", "name": "x"}).status_code == 403
    assert not KeptForm.objects.exists()
