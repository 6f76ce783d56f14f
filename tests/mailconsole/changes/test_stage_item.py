"""Staging an object: what is kept, what is refused, and that an edit voids approvals."""

from __future__ import annotations

import pytest

from mailconsole.audit.models import AuditEntry
from mailconsole.changes.refusals import (
    InvalidObject,
    NoSuchObject,
    NotAllowed,
    NotYourChange,
    SecretNotStored,
    WrongState,
)
from mailconsole.changes.services.ground import changes_of
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.changes.states import ChangeState
from mailconsole.common.secrets import store_secret
from tests.mailconsole.changes.kit import NOW, create_change, policy, publish_policy, reloaded, stage_policy
from tests.support.factories import create_editor, create_reviewer, create_viewer

pytestmark = pytest.mark.django_db

SMART = {
    "name": "Internet",
    "address_spaces": [{"domain": "*"}],
    "smart_hosts": ["mx.contoso.com"],
    "tls_level": "EncryptionOnly",
    "username": "relay",
    "password_secret": "smart-host",
}


@pytest.fixture
def editor():
    return create_editor()


@pytest.fixture
def draft(editor):
    return open_change(author=editor, now=NOW)


def test_stage_item__new_object__gets_an_id_from_its_name_and_names_the_change(editor, draft):
    assert stage_policy(draft, editor, name="Scanners, 2nd floor") == "scanners-2nd-floor"
    (item,) = changes_of(draft)
    assert item.is_new
    assert item.after is not None
    assert item.after["networks"] == ["10.1.0.0/16"]
    assert reloaded(draft).title == "Add relay policy Scanners, 2nd floor"


def test_stage_item__nothing_is_live_before_it_is_published(editor, draft):
    stage_policy(draft, editor)
    assert load_document(head_revision()).relay_policies == ()


def test_stage_item__same_name_again__gets_its_own_id(editor, draft):
    stage_policy(draft, editor)
    assert stage_policy(draft, editor, name="Scanners!") == "scanners-2"


def test_stage_item__as_in_the_base_again__is_no_item(editor):
    publish_policy()
    draft = open_change(author=editor, now=NOW)
    stage_policy(draft, editor, "scanners", owner="IT")
    assert len(changes_of(draft)) == 1
    stage_policy(draft, editor, "scanners")
    assert changes_of(draft) == ()


def test_stage_item__none__deletes_the_object(editor):
    publish_policy()
    draft = open_change(author=editor, now=NOW)
    stage_item(change=draft, actor=editor, kind="relay_policies", object_id="scanners", after=None, now=NOW)
    (item,) = changes_of(draft)
    assert item.is_deleted


def test_stage_item__entry_with_another_network__is_the_old_gone_and_a_new_one(editor, draft):
    stage_item(change=draft, actor=editor, kind="ip_block_list", object_id="", after={"network": "192.0.2.1"}, now=NOW)
    stage_item(
        change=draft, actor=editor, kind="ip_block_list", object_id="192.0.2.1", after={"network": "192.0.2.2"}, now=NOW
    )
    assert [item.object_id for item in changes_of(draft)] == ["192.0.2.2"]
    with pytest.raises(InvalidObject, match="on the list already"):
        stage_item(
            change=draft, actor=editor, kind="ip_block_list", object_id="", after={"network": "192.0.2.2"}, now=NOW
        )


def test_stage_item__approved_change__goes_back_to_draft_and_voids_the_approval():
    author = create_editor()
    change = create_change(ChangeState.APPROVED, author=author)
    stage_policy(change, author, "scanners", owner="IT")
    change = reloaded(change)
    assert change.status is ChangeState.DRAFT
    assert [review.is_void for review in change.reviews.all()] == [True]


def test_stage_item__bad_network__refuses_at_the_field(editor, draft):
    with pytest.raises(InvalidObject) as caught:
        stage_policy(draft, editor, networks=["10.0.0.1/8"], owner="")
    assert caught.value.errors["networks"] == ["'10.0.0.1/8' has host bits set; did you mean 10.0.0.0/8?"]
    assert caught.value.errors["owner"] == ["Must not be empty"]
    assert changes_of(draft) == ()


def test_stage_item__unknown_section_or_object__refuses(editor, draft):
    for kind, object_id in (("nonsense", ""), ("relay_policies", "nobody")):
        with pytest.raises(NoSuchObject):
            stage_item(change=draft, actor=editor, kind=kind, object_id=object_id, after=policy(), now=NOW)


def test_stage_item__password_in_place_of_a_secrets_name__is_refused_and_not_kept(editor, draft):
    hidden = "correct-horse-battery"
    with pytest.raises(SecretNotStored) as caught:
        stage_item(change=draft, actor=editor, kind="send_connectors", object_id="",
                   after=SMART | {"password_secret": hidden}, now=NOW)  # fmt: skip
    assert hidden not in str(caught.value)
    assert changes_of(draft) == ()
    assert not AuditEntry.objects.filter(summary__contains=hidden).exists()


def test_stage_item__name_of_a_stored_secret__is_kept(editor, draft):
    store_secret(name="smart-host", value="s3cret")
    stage_item(change=draft, actor=editor, kind="send_connectors", object_id="", after=SMART, now=NOW)
    assert "s3cret" not in str(changes_of(draft))


def test_stage_item__wrong_role_or_person_or_state__refuses(editor, draft):
    for person in (create_viewer(), create_reviewer()):
        with pytest.raises(NotAllowed):
            stage_policy(draft, person)
    with pytest.raises(NotYourChange):
        stage_policy(draft, create_editor())
    with pytest.raises(WrongState):
        change = create_change(ChangeState.PUBLISHED, author=editor)
        stage_policy(change, editor, "scanners", owner="IT")
