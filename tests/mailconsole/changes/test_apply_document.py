"""A document applied as from Git: once, however often and by however many pipelines at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from mailconsole.changes.models import Change
from mailconsole.changes.refusals import NotAllowed
from mailconsole.changes.services.apply_document import Outcome, apply_document
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.revisions import ensure_initial_revision, head_revision
from mailconsole.changes.states import ChangeState
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.changes.kit import NOW, publish_policy
from tests.mailconsole.changes.test_publish_change import together
from tests.support.factories import create_editor, create_viewer
from tests.transport.config.documents import SCANNERS, document
from transport.config import text


def scanners():
    return text.export(document(relay_policies=[SCANNERS]))


@pytest.mark.django_db(transaction=True)
def test_apply__two_pipelines_at_once__make_one_change():
    ensure_initial_revision()
    editor = create_editor()
    done: list[Any] = list(together(*[lambda: apply_document(body=scanners(), actor=editor, now=NOW)] * 2))
    assert sorted(one.outcome for one in done) == [Outcome.SUBMITTED, Outcome.WAITS_ALREADY]
    assert len({one.change.pk for one in done}) == 1
    assert Change.objects.get().status is ChangeState.IN_REVIEW


@pytest.mark.django_db
def test_apply__without_the_role__is_refused_even_where_nothing_differs():
    with pytest.raises(NotAllowed):
        apply_document(body=text.export(document()), actor=create_viewer(), now=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["api", "terminal"])
def test_apply__a_colleague_publishes_meanwhile__left_out_sections_are_as_they_published(way, monkeypatch, tmp_path):
    """Between the look at what differs and the draft: the colleague's relay policy is not taken back."""
    ensure_initial_revision()
    editor, file = create_editor(), tmp_path / "domains.yaml"
    file.write_text("accepted_domains: [{name: Fabrikam, domain: fabrikam.example}]\n")

    def late(**words: Any) -> Change:
        publish_policy()
        return open_change(**words)

    monkeypatch.setattr("mailconsole.changes.services.apply_document.open_change", late)
    if way == "api":
        assert Api(editor)("POST", "/config/apply", file.read_text()).status_code == 201
    else:
        call_command("config", "apply", str(file), "--as", editor.username)
    change = Change.objects.get(author=editor)
    assert {item.kind for item in change.items.all()} == {"accepted_domains"} and change.base == head_revision()
