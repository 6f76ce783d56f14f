"""A web process that was not restarted beside one that is newer: it says so, and fails with no riddle."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from mailconsole import __version__
from mailconsole.changes.services.revisions import head_revision
from mailconsole.changes.views import history
from tests.support.factories import create_viewer
from transport.config.document import MailFlow


@pytest.mark.django_db
def test_revision_page__document_of_a_newer_mailconsole__says_so(monkeypatch):
    newer = {"organization": {"new_setting": 1}}
    monkeypatch.setattr(history, "load_document", lambda revision: MailFlow.model_validate(newer))
    browser = Client(raise_request_exception=False)
    browser.force_login(create_viewer())
    page = browser.get(reverse("changes:revision", args=[head_revision().number]))
    assert page.status_code == 500
    assert "A newer Mailconsole made this" in page.text and f"this one, {__version__}, does not know" in page.text
