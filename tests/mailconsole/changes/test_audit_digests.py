"""Each act upon a change leaves in the audit who, why, from where, and of what: the object, or the change's digest."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailconsole.audit.models import AuditEntry
from mailconsole.changes.services.revisions import head_revision
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.changes.kit import policy, publish_policy
from tests.support.factories import create_administrator, create_editor, create_reviewer

pytestmark = pytest.mark.django_db
DOCUMENT = "relay_policies: []\n"


def newest(action):
    return AuditEntry.objects.filter(action=f"change.{action}").first()


def test_life_of_a_change__each_entry__has_digest_person_address_and_request():
    publish_policy()
    editor, reviewer = Api(create_editor()), Api(create_reviewer())
    number = editor("POST", "/changes", {"title": "Printers", "reason": "New floor"}).json()["id"]
    path, begun = f"/changes/{number}", AuditEntry.objects.count() - 1
    assert newest("opened").after == {"base": 2, "digest": head_revision().digest}
    assert editor("PUT", f"{path}/document", DOCUMENT).status_code == 200
    digest = editor("GET", path).json()["digest"]
    assert newest("edited").after == {"digest": digest} != newest("edited").before
    for who, act, body in (
        (editor, "submit", {}),
        (reviewer, "request-changes", {"digest": digest, "comment": "No"}),
        (editor, "submit", {}),
        (editor, "take-back", {}),
        (editor, "submit", {}),
        (reviewer, "approve", {"digest": digest}),
        (reviewer, "schedule", {"digest": digest, "at": (timezone.now() + timedelta(hours=1)).isoformat()}),
        (reviewer, "cancel-schedule", {}),
        (editor, "withdraw", {"reason": "Not needed"}),
    ):
        assert who("POST", f"{path}/{act}", body).status_code == 200, act
        entry = AuditEntry.objects.first()
        assert ((entry and entry.after) or {}).get("digest") == digest, act
    for entry in AuditEntry.objects.filter(number__gt=begun):
        assert (entry.peer, bool(entry.request_id), bool(entry.via)) == ("127.0.0.1", True, True), entry.action
    assert newest("withdrawn").reason == "Not needed"


def test_bring_up_to_date_and_review_afterwards__say_of_what():
    editor, administrator = Api(create_editor()), Api(create_administrator())
    number = editor("POST", "/changes", {"title": "Printers"}).json()["id"]
    path = f"/changes/{number}"
    editor("POST", f"{path}/items/relay_policies", policy(name="Printers"))
    publish_policy()
    assert editor("POST", f"{path}/bring-up-to-date", {"head": 2}).status_code == 200
    assert (newest("edited").before["base"], newest("edited").after["base"]) == (1, 2)
    editor("POST", f"{path}/submit")
    digest = editor("GET", path).json()["digest"]
    assert newest("edited").after["digest"] == digest
    body = {"digest": digest, "reason": "It burns"}
    assert administrator("POST", f"{path}/break-glass", body).status_code == 200
    assert Api(create_reviewer())("POST", f"{path}/review-afterwards", {"comment": "Good"}).status_code == 200
    assert newest("reviewed_afterwards").after == {"digest": digest}
