import re

import pytest
from django.test import Client

from mailconsole.accounts.access import RoleRequired
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.accounts.services import people
from mailconsole.audit.models import AuditEntry
from tests.support.factories import create_administrator, create_editor, create_viewer, signed_in

pytestmark = pytest.mark.django_db


def add(actor, username="erin", roles=(Role.EDITOR,)):
    return people.add_person(actor=actor, username=username, full_name="Erin Ek", email="", roles=roles)


def test_add__a_person__has_the_roles_a_one_time_password_and_an_audit_row():
    made = add(create_administrator())
    assert made.person.check_password(made.password)
    assert made.person.must_change_password
    assert made.person.role_names == {"editor", "viewer"}
    entry = AuditEntry.objects.get(action="person.added")
    assert entry.object_id == "erin"
    assert made.password not in str(entry.after) + entry.summary


@pytest.mark.parametrize("taken", ["erin", "ERIN"])
def test_add__name_taken__refuses_in_any_letter_case(taken):
    add(create_administrator())
    with pytest.raises(people.UsernameTaken):
        add(create_administrator(), username=taken)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_add__by_anybody_but_an_administrator__refuses(role):
    from tests.support.factories import create_person

    with pytest.raises(RoleRequired):
        add(create_person(role))
    assert not User.objects.filter(username="erin").exists()


def test_edit__roles__are_replaced_and_audited():
    ada = create_administrator()
    erin = add(ada).person
    fresh = people.edit_person(actor=ada, person=erin, full_name="Erin", email="e@x.example", roles=[Role.REVIEWER])
    assert fresh.role_names == {"reviewer", "viewer"}
    entry = AuditEntry.objects.get(action="person.edited")
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["roles"], entry.after["roles"]) == (["editor"], ["reviewer"])


def test_edit__the_only_administrator__keeps_the_role():
    ada = create_administrator()
    with pytest.raises(people.LastAdministrator):
        people.edit_person(actor=ada, person=ada, full_name="Ada", email="", roles=[Role.VIEWER])
    assert User.objects.get(pk=ada.pk).is_administrator


def test_edit__one_of_two_administrators__may_lose_the_role():
    ada, bob = create_administrator(), create_administrator()
    fresh = people.edit_person(actor=ada, person=bob, full_name="Bob", email="", roles=[])
    assert not fresh.is_administrator


def test_switch_off__ends_open_sessions_and_says_why_in_the_audit():
    vera = create_viewer()
    client = signed_in(vera)
    people.switch_off_person(actor=create_administrator(), person=vera, reason="left")
    assert client.get("/help/").status_code == 302
    assert AuditEntry.objects.get(action="person.switched_off").reason == "left"
    people.switch_on_person(actor=create_administrator(), person=vera)
    assert User.objects.get(pk=vera.pk).is_active


def test_switch_off__oneself__refuses():
    ada = create_administrator()
    create_administrator()
    with pytest.raises(people.CannotSwitchOffSelf):
        people.switch_off_person(actor=ada, person=ada, reason="")


def test_switch_off__last_active_administrator__refuses():
    ada, bob = create_administrator(), create_administrator()
    people.switch_off_person(actor=ada, person=bob, reason="x")
    with pytest.raises(people.LastAdministrator):
        people.switch_off_person(actor=bob, person=ada, reason="x")


def test_reset_password__old_one_and_sessions_end():
    vera = create_viewer()
    client = signed_in(vera)
    made = people.reset_password(actor=create_administrator(), person=vera)
    assert client.get("/help/").status_code == 302
    assert User.objects.get(pk=vera.pk).check_password(made.password)


@pytest.mark.parametrize("path", ["/people/", "/people/add/", "/people/1/"])
def test_pages__for_an_editor__say_which_role_and_who_gives_it(path):
    create_administrator(full_name="Ada Min")
    response = signed_in(create_editor()).get(path)
    assert response.status_code == 403
    assert "Administrator" in response.content.decode()
    assert "Ada Min" in response.content.decode()


@pytest.mark.parametrize("verb", ["switch-off", "switch-on", "reset-password"])
def test_acts__forged_by_an_editor_or_by_get__are_refused(verb):
    vera = create_viewer()
    assert signed_in(create_editor()).post(f"/people/{vera.pk}/{verb}/").status_code == 403
    assert signed_in(create_administrator()).get(f"/people/{vera.pk}/{verb}/").status_code == 405


def test_page__person_added__signs_in_with_the_shown_password_and_must_replace_it():
    ada = signed_in(create_administrator())
    fields = {"username": "rudi", "full_name": "Rudi", "email": "", "roles": ["reviewer"]}
    shown = ada.post("/people/add/", fields).content.decode()
    password = shown.split("data-once>")[1].split("<")[0]
    assert password not in ada.get("/people/").content.decode()

    rudi = Client()
    assert rudi.post("/account/sign-in/", {"username": "rudi", "password": password}).status_code == 302
    assert rudi.get("/help/").headers["Location"] == "/account/password/"
    new = "a much longer sentence 7"
    changed = {"old_password": password, "new_password1": new, "new_password2": new}
    assert rudi.post("/account/password/", changed).status_code == 302
    assert rudi.get("/help/").status_code == 200


def test_page__weak_new_password__says_what_is_wrong():
    client = signed_in(create_viewer())
    said = {"old_password": "correct horse battery staple", "new_password1": "short", "new_password2": "short"}
    page = client.post("/account/password/", said).content.decode()
    assert "at least 12" in page


def test_page__name_taken__says_it_at_the_field():
    create_viewer(username="vera")
    fields = {"username": "Vera", "full_name": "V", "roles": []}
    page = signed_in(create_administrator()).post("/people/add/", fields).content.decode()
    assert re.search(r'id="id_username_error".*?taken', page, re.S)
