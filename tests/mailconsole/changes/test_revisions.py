"""Revisions: the first one, the head, that they are never changed, and that documents come back."""

from __future__ import annotations

import pytest

from mailconsole.changes.models import Immutable, Revision, Section
from mailconsole.changes.services.revisions import ensure_initial_revision, head_revision, load_document
from mailconsole.changes.services.sections import LONG_LIST, load_section, store_sections
from mailconsole.changes.states import ChangeState, Way
from tests.mailconsole.changes.kit import create_change
from transport.config.document import MailFlow, digest, initial_document, section_digest

pytestmark = pytest.mark.django_db


def test_head_revision__new_installation__is_the_initial_document():
    revision = head_revision()
    assert (revision.number, revision.way, revision.author) == (1, Way.INITIAL, None)
    assert load_document(revision) == initial_document()
    assert revision.digest == digest(initial_document())


def test_ensure_initial_revision__twice__is_one_revision():
    assert ensure_initial_revision() == ensure_initial_revision()
    assert Revision.objects.count() == 1


def test_revision__saved_again_or_deleted__refuses():
    revision = head_revision()
    revision.reason = "better"
    with pytest.raises(Immutable):
        revision.save()
    with pytest.raises(Immutable):
        revision.delete()
    with pytest.raises(Immutable):
        Section.objects.get(kind="organization").save()


def test_store_revision__one_section_changed__stores_only_that_one():
    first = head_revision()
    before = Section.objects.count()
    create_change(ChangeState.PUBLISHED)
    head = head_revision()
    assert Section.objects.count() == before + 1
    assert first.manifest["receive_connectors"] == head.manifest["receive_connectors"]
    assert head.digest == digest(load_document(head))


def test_store_sections__long_list_with_one_more__writes_one_bucket_and_gives_it_back():
    networks = [f"10.{number // 250}.{number % 250}.1" for number in range(LONG_LIST + 500)]
    before = MailFlow.model_validate({"ip_block_list": [{"network": one} for one in networks]})
    after = MailFlow.model_validate({"ip_block_list": [{"network": one} for one in [*networks, "192.0.2.1"]]})
    store_sections(before)
    count = Section.objects.count()
    manifest = store_sections(after)
    assert Section.objects.count() == count + 2
    assert manifest["ip_block_list"] == section_digest(after, "ip_block_list")
    assert load_section("ip_block_list", manifest["ip_block_list"]) == after.ip_block_list
