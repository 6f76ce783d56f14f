"""What a role reaches: set by administrators, kept in the audit, shown."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps
from django.db import transaction

from mailconsole.accounts.access import RoleRequired
from mailconsole.accounts.limits import Limit
from mailconsole.accounts.models import RoleLimit, User
from mailconsole.accounts.places import Places
from mailconsole.accounts.roles import Role
from mailconsole.accounts.services.role_limits import RoleHasNoLimit, limit_role
from mailconsole.audit.models import AuditEntry
from mailconsole.changes.models import Revision
from mailconsole.changes.services.revisions import head_revision, load_document, lock_head, store_revision
from mailconsole.changes.states import Way
from tests.mailconsole.changes.kit import NOW, publish_policy
from tests.support.factories import create_administrator, create_editor, signed_in
from transport.config.document import MailFlow

pytestmark = pytest.mark.django_db
LIMIT = Limit(("relay_policies",), (), ("contoso.com",))


def limits_of(person):
    return User.objects.get(pk=person.pk).limit_of(Role.EDITOR)


def test_limit_role__is_in_force_and_in_the_audit():
    person = create_editor()
    limit_role(actor=create_administrator(), person=person, role=Role.EDITOR, limit=LIMIT)
    assert limits_of(person) == LIMIT
    entry = AuditEntry.objects.get(action="person.role_limited")
    assert entry.summary.endswith("role editor is limited to relay policies of the domain contoso.com")
    assert entry.after is not None
    assert (entry.before, entry.after["domains"]) == (None, ["contoso.com"])


def test_limit_role__empty__lifts_it():
    person, administrator = create_editor(), create_administrator()
    limit_role(actor=administrator, person=person, role=Role.EDITOR, limit=LIMIT)
    limit_role(actor=administrator, person=person, role=Role.EDITOR, limit=Limit())
    assert limits_of(person) is None and not RoleLimit.objects.exists()
    assert AuditEntry.objects.filter(action="person.role_limited").count() == 2


def test_limit_role__as_it_is__is_no_entry():
    limit_role(actor=create_administrator(), person=create_editor(), role=Role.EDITOR, limit=Limit())
    assert not AuditEntry.objects.filter(action="person.role_limited").exists()


def test_limit_role__by_somebody_else_or_for_another_role__refuses():
    person = create_editor()
    with pytest.raises(RoleRequired):
        limit_role(actor=person, person=person, role=Role.EDITOR, limit=LIMIT)
    with pytest.raises(RoleHasNoLimit):
        limit_role(actor=create_administrator(), person=person, role=Role.OPERATOR, limit=LIMIT)


def test_limit__of_an_administrator__is_not_in_force():
    boss = create_administrator()
    limit_role(actor=create_administrator(), person=boss, role=Role.EDITOR, limit=LIMIT)
    assert limits_of(boss) is None


def test_page__sets_the_limit_and_the_list_shows_it():
    publish_policy(sender_addresses=["contoso.com"])
    person, browser = create_editor(), signed_in(create_administrator())
    said = {"kinds": ["relay_policies"], "connectors": "", "domains": "Contoso.com\ncontoso.com"}
    assert browser.post(f"/people/{person.pk}/limit/editor/", said).status_code == 302
    assert limits_of(person) == LIMIT
    assert "Editor: relay policies of the domain contoso.com" in browser.get("/people/").content.decode()
    assert (
        "Limited to relay policies of the domain contoso.com" in browser.get(f"/people/{person.pk}/").content.decode()
    )


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("domains", "*", "is no domain"),
        ("connectors", "<x>", "is no connector; write"),
        ("connectors", "default", "is no connector; write receive/default or send/internet."),
        ("connectors", "receive/default\nsend/default", "send/default is no connector of the configuration."),
        ("domains", "gone.example", "gone.example is a domain that nothing of the configuration is about."),
        ("kinds", "x", "Select a valid choice"),
    ],
)
def test_page__what_is_no_limit__is_said_at_the_field(field, value, words):
    person, browser = create_editor(), signed_in(create_administrator())
    page = browser.post(f"/people/{person.pk}/limit/editor/", {field: value})
    assert words in page.content.decode() and limits_of(person) is None


def test_page__of_a_role_that_has_none__is_not_there():
    person, browser = create_editor(), signed_in(create_administrator())
    assert browser.get(f"/people/{person.pk}/limit/operator/").status_code == 404
    assert signed_in(person).get(f"/people/{person.pk}/limit/editor/").status_code == 403


def test_page__connector_that_is_there__is_taken():
    person, browser = create_editor(), signed_in(create_administrator())
    assert (
        browser.post(
            f"/people/{person.pk}/limit/editor/", {"connectors": "receive/default\nreceive/client"}
        ).status_code
        == 302
    )
    assert limits_of(person) == Limit((), ("receive/default", "receive/client"))


@pytest.mark.parametrize(
    ("domain", "is_there"),
    [
        ("contoso.com", True),
        ("*.contoso.com", True),
        ("*.com", True),
        ("eu.contoso.com", False),
        ("eu.fabrikam.example", True),
        ("fabrikam.example", True),
        ("*.eu.fabrikam.example", True),
        ("toso.com", False),
        ("*.toso.com", False),
    ],
)
def test_places__domain(domain, is_there):
    known = Places(domains=frozenset(("contoso.com", "*.fabrikam.example")))
    assert known.has_domain(domain) is is_there


def test_migration__a_bare_id__reaches_both_connectors_as_before_and_never_more():
    person = create_editor()
    row = RoleLimit.objects.create(person=person, role="editor", connectors=["default", "send/x"])
    migration = importlib.import_module("mailconsole.accounts.migrations.0003_connectors_by_section")
    migration.by_section(apps, None)
    row.refresh_from_db()
    assert row.connectors == ["receive/default", "send/default", "send/x"]


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        (["receive/default", "send/default"], ["receive/default"]),
        (["send/internet", "receive/internet", "receive/client"], ["send/internet", "receive/client"]),
        (["receive/both", "send/both"], ["receive/both", "send/both"]),
        (["receive/gone", "send/gone"], ["receive/gone", "send/gone"]),
        (["send/default"], ["send/default"]),
        ([], []),
    ],
)
def test_migration__of_both_by_one_id__keeps_those_that_are_there(named, kept):
    send = [{"id": one, "name": one, "address_spaces": [{"domain": f"{one}.example"}]} for one in ("internet", "both")]
    listens = {"id": "both", "name": "Both", "bindings": ["192.0.2.1:2525"]}
    document = load_document(head_revision()).model_dump(mode="json")
    document |= {"send_connectors": send, "receive_connectors": [*document["receive_connectors"], listens]}
    with transaction.atomic():
        store_revision(head=lock_head(), document=MailFlow.model_validate(document), way=Way.REVIEWED, now=NOW)
    row = RoleLimit.objects.create(person=create_editor(), role="editor", connectors=named)
    migration = importlib.import_module("mailconsole.changes.migrations.0009_limits_name_what_is_there")
    migration.keep_what_is_there(apps, None)
    row.refresh_from_db()
    assert row.connectors == kept


def test_migration__before_the_first_revision__changes_nothing():
    row = RoleLimit.objects.create(
        person=create_editor(), role="editor", connectors=["receive/default", "send/default"]
    )
    assert not Revision.objects.exists()
    migration = importlib.import_module("mailconsole.changes.migrations.0009_limits_name_what_is_there")
    migration.keep_what_is_there(apps, None)
    row.refresh_from_db()
    assert row.connectors == ["receive/default", "send/default"]


def test_page__what_the_limit_names_already__may_stay_though_it_is_gone():
    person, browser = create_editor(), signed_in(create_administrator())
    was = Limit((), ("receive/gone", "send/gone"), ("gone.example",))
    limit_role(actor=create_administrator(), person=person, role=Role.EDITOR, limit=was)
    address = f"/people/{person.pk}/limit/editor/"
    assert (
        browser.post(address, {"connectors": "receive/default\nsend/gone", "domains": "gone.example"}).status_code
        == 302
    )
    assert limits_of(person) == Limit((), ("receive/default", "send/gone"), ("gone.example",))
    page = browser.post(address, {"connectors": "send/gone\nreceive/gone", "domains": "gone.example"})
    assert "receive/gone is no connector of the configuration." in page.content.decode(), "it is named no more"
