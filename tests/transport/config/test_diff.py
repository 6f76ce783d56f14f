"""The structural diff, and that it leads from one document to the other."""

from __future__ import annotations

from hypothesis import given, settings

from tests.transport.config.documents import SCANNERS, changed, document, documents
from transport.config import diff
from transport.config import document as documents_of
from transport.config.document import MailFlow


@settings(max_examples=80, deadline=None)
@given(documents, documents)
def test_apply__diff_of_any_two_documents__gives_the_second(one: MailFlow, two: MailFlow) -> None:
    assert diff.apply(diff.diff(one, two), one) == two


@settings(max_examples=20, deadline=None)
@given(documents)
def test_diff__same_document__is_empty(one: MailFlow) -> None:
    assert diff.diff(one, documents_of.from_sections(
        {name: documents_of.canonical_section(one, name) for name in documents_of.SECTIONS}
    )) == ()  # fmt: skip


def test_diff__one_field_changed__names_the_object_and_the_field() -> None:
    before = document(relay_policies=[SCANNERS])
    after = document(relay_policies=[changed(SCANNERS, networks=["10.1.0.0/16", "10.2.0.0/16"])])
    (change,) = diff.diff(before, after)
    assert (change.kind, change.object_id, change.name) == ("relay_policies", "scanners", "Scanners")
    (field,) = change.fields
    assert (field.field, field.before, field.after) == (
        "networks",
        ["10.1.0.0/16"],
        ["10.1.0.0/16", "10.2.0.0/16"],
    )


def test_apply__untouched_section__is_the_same_object() -> None:
    before = document(ip_block_list=[{"network": "192.0.2.1"}])
    after = diff.apply(diff.diff(before, document(relay_policies=[SCANNERS])), before)
    assert after.receive_connectors[0] is before.receive_connectors[0]
    assert after.ip_block_list == ()
