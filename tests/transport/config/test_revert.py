"""Taking changes back: what nobody touched since goes, what others changed stays and is told."""

from __future__ import annotations

from hypothesis import given

from tests.transport.config.documents import SCANNERS, document, documents
from transport.config.diff import apply, diff
from transport.config.document import MailFlow
from transport.config.revert import revert


def reverted(before, after, now):
    taken = revert(diff(before, after), document=now)
    return apply(taken.changes, now), [(one.object_id, one.field) for one in taken.kept]


@given(documents, documents)
def test_revert__nothing_else_changed__is_the_document_before(one, two):
    before, after = MailFlow.model_validate(one), MailFlow.model_validate(two)
    assert reverted(before, after, after) == (before, [])
    assert reverted(before, after, before) == (before, [])


def test_revert__another_field_changed_since__goes_field_by_field():
    before = document(relay_policies=[SCANNERS])
    after = document(relay_policies=[SCANNERS | {"owner": "IT", "networks": ["10.2.0.0/16"]}])
    now = document(relay_policies=[SCANNERS | {"owner": "Print room", "networks": ["10.2.0.0/16"], "ticket": "7"}])
    made, kept = reverted(before, after, now)
    assert kept == [("scanners", "owner")]
    assert made == document(relay_policies=[SCANNERS | {"owner": "Print room", "ticket": "7"}])


def test_revert__new_object_that_others_changed_or_deleted__stays_or_is_gone():
    before, after = document(), document(relay_policies=[SCANNERS])
    changed = document(relay_policies=[SCANNERS | {"owner": "IT"}])
    assert reverted(before, after, changed) == (changed, [("scanners", "")])
    assert reverted(before, after, before) == (before, [])
