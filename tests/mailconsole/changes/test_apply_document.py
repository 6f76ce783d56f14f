"""A document applied as from Git: once, however often and by however many pipelines at once."""

from __future__ import annotations

from typing import Any

import pytest

from mailconsole.changes.models import Change
from mailconsole.changes.refusals import NotAllowed
from mailconsole.changes.services.apply_document import Outcome, apply_document
from mailconsole.changes.services.revisions import ensure_initial_revision
from mailconsole.changes.states import ChangeState
from tests.mailconsole.changes.kit import NOW
from tests.mailconsole.changes.test_publish_change import together
from tests.support.factories import create_editor, create_viewer
from tests.transport.config.documents import SCANNERS, document


def scanners():
    return document(relay_policies=[SCANNERS])


@pytest.mark.django_db(transaction=True)
def test_apply__two_pipelines_at_once__make_one_change():
    ensure_initial_revision()
    editor = create_editor()
    done: list[Any] = list(together(*[lambda: apply_document(document=scanners(), actor=editor, now=NOW)] * 2))
    assert sorted(one.outcome for one in done) == [Outcome.SUBMITTED, Outcome.WAITS_ALREADY]
    assert len({one.change.pk for one in done}) == 1
    assert Change.objects.get().status is ChangeState.IN_REVIEW


@pytest.mark.django_db
def test_apply__without_the_role__is_refused_even_where_nothing_differs():
    with pytest.raises(NotAllowed):
        apply_document(document=document(), actor=create_viewer(), now=NOW)
