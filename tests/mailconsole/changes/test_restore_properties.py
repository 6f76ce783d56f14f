"""Whatever was published can be had back: a restore of every revision reproduces its digest."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailconsole.changes.models import Revision
from mailconsole.changes.refusals import NothingToSubmit
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.services.restore_revision import restore_revision
from mailconsole.changes.services.revisions import ensure_initial_revision, load_document, lock_head, store_revision
from mailconsole.changes.states import Way
from mailconsole.common.secrets import store_secret
from tests.mailconsole.changes.kit import NOW
from tests.support.factories import create_editor
from tests.transport.config.documents import documents
from tests.transport.config.drawn import ACCOUNT_SECRETS
from transport.config.document import digest

pytestmark = pytest.mark.django_db


def publish(document):
    return store_revision(head=lock_head(), document=document, way=Way.REVIEWED, now=NOW)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(documents, min_size=2, max_size=3))
def test_restore_of_every_revision__reproduces_its_digest(published):
    ensure_initial_revision()
    for name in ACCOUNT_SECRETS:
        store_secret(name=name, value="a hash")
    revisions = [publish(document) for document in published]
    for revision, document in zip(revisions, published, strict=True):
        assert revision.digest == digest(document) == digest(load_document(revision))
        try:
            change = restore_revision(revision=revision, actor=create_editor(), now=NOW)
        except NothingToSubmit:
            continue  # it is in effect: nothing to go back to
        restored = plan_change(change, now=NOW).document
        assert restored is not None
        assert publish(restored).digest == revision.digest
    numbers = list(Revision.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
