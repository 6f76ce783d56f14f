"""Signing in to the console with a password of the lab's Active Directory; roles by groups, and their end."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from directory.connection import Connection
from directory.errors import AccountLocked, ServerUnreachable
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.accounts.services import people as local_people
from mailconsole.audit.models import AuditEntry
from mailconsole.recipients.models import DirectoryPerson, GroupRole
from mailconsole.recipients.refusals import GroupNotFound
from mailconsole.recipients.services import people
from mailconsole.recipients.services.group_roles import allow_sign_in, give_role, take_role
from mailconsole.recipients.services.people import MAX_UNCHECKED, refresh_people
from mailconsole.recipients.services.sources import delete_source
from tests.mailconsole.recipients.directories import create_directory
from tests.support.factories import create_administrator, create_operator, create_viewer, signed_in
from tests.support.lab_objects import lab_unit

pytestmark = [pytest.mark.django_db, pytest.mark.needs("lab-ad")]
PASSWORD = "Own-Passw0rd!42"
PAGE = "/help/"


@pytest.fixture
def unit(lab_ad):
    """vera is in the viewers by the group inner; ed in no group; both can sign in to the domain."""
    with lab_unit(lab_ad) as made:
        for name in ("vera", "ed"):
            made.add_user(name, password=PASSWORD)
        made.add_group("inner", "vera")
        made.add_group("viewers", "inner")
        made.add_group("editors", groupType=-2147483646)
        yield made


@pytest.fixture
def source(lab_ad, unit):
    made = create_directory(
        servers="127.0.0.11", base_dn=lab_ad.base, bind_user=lab_ad.reader.user, password=lab_ad.reader.password,
        ca_pem=lab_ad.ca_path.read_text(), is_console_sign_in_allowed=True,
    )  # fmt: skip
    give_role(source=made, group=f"viewers.{unit.tag}", role=Role.VIEWER, actor=None)
    return made


def sign_in(name, password=PASSWORD):
    client = Client()
    return client, client.post(reverse("accounts:sign-in"), {"username": name, "password": password})


def is_in(client):
    return client.get(PAGE).status_code == 200


def test_sign_in__member_through_a_nested_group__comes_in_as_what_the_group_gives(source, unit):
    client, answer = sign_in(f"vera.{unit.tag}")
    assert answer.status_code == 302
    assert is_in(client)
    vera = User.objects.get(username=f"vera.{unit.tag}@corp.example")
    assert (vera.full_name, vera.given_roles, vera.has_usable_password()) == ("Vera", [Role.VIEWER], False)
    assert AuditEntry.objects.filter(action="person.added", object_id=vera.username).exists()


def test_sign_in__primary_group__counts(source, lab_ad):
    give_role(source=source, group="Mail Viewers", role=Role.OPERATOR, actor=None)
    sign_in("primary.petra", lab_ad.reader.password)
    assert DirectoryPerson.objects.get().user.given_roles == [Role.OPERATOR]


def test_sign_in__no_group_with_a_role__is_refused_and_nobody_is_made(source, unit):
    client, answer = sign_in(f"ed.{unit.tag}")
    assert "groups gives a role here" in answer.text
    assert not is_in(client)
    assert not User.objects.filter(username__startswith="ed.").exists()


@pytest.fixture
def tried(monkeypatch, source):
    """The passwords that are tried in the directory, the reader's own left out."""
    passwords, really = [], Connection.open

    def open_(settings, server, *, user, password):
        if user != source.bind_user:
            passwords.append(password)
        return really(settings, server, user=user, password=password)

    monkeypatch.setattr("directory.sign_in.Connection.open", open_)
    return passwords


def test_sign_in__wrong_password__is_asked_thrice_at_most_however_often_it_is_tried(tried, unit):
    """hostile.md: an account must not be locked in the domain by what is tried here."""
    for password in ("one", "one", "two", "three", "four", "five"):
        _, answer = sign_in(f"vera.{unit.tag}", password)
    assert tried == ["one", "two", "three"]
    assert "Too many wrong passwords" in answer.text


def test_sign_in__the_name_written_in_many_ways__is_one_account_and_asked_thrice_at_most(tried, unit):
    name = f"vera.{unit.tag}"
    for number, typed in enumerate([f"d0\\{name}", f"d1\\{name}", f"{name}@corp.example", name.upper(), f"d2\\{name}"]):
        sign_in(typed, f"guess {number}")
    assert tried == ["guess 0", "guess 1", "guess 2"]
    client, _ = sign_in(f"{name}@corp.example")
    assert len(tried) == 3 and not is_in(client), "not even with the right one, for ten minutes"


def test_sign_in__right_password__uses_up_no_try(tried, unit):
    for _ in range(4):
        client, _ = sign_in(f"vera.{unit.tag}")
    assert is_in(client)


def test_sign_in__right_password_while_the_account_is_locked__is_asked_again(tried, unit, monkeypatch):
    name, really = f"vera.{unit.tag}", Connection.open

    def locked(settings, server, *, user, password):
        if password == PASSWORD:
            raise AccountLocked("The account is locked.")
        return really(settings, server, user=user, password=password)

    with monkeypatch.context() as then:
        then.setattr("directory.sign_in.Connection.open", locked)
        client, _ = sign_in(name)
        assert not is_in(client)
    client, _ = sign_in(name)
    assert is_in(client)


def test_sign_in__nobody_is_called_so__is_answered_like_a_wrong_password(tried, unit):
    name = f"nobody.{unit.tag}"
    answers = [sign_in(f"d{number}\\{name}", f"guess {number}")[1].text for number in range(4)]
    assert ["Too many wrong passwords" in text for text in answers] == [False, False, False, True]
    assert tried == []


def test_disabled_in_the_directory__is_signed_out_with_the_next_sync(source, unit):
    client, _ = sign_in(f"vera.{unit.tag}")
    unit.disable("vera")
    assert is_in(client)
    assert refresh_people(source=source, now=timezone.now()) == 1
    assert not is_in(client)
    person = DirectoryPerson.objects.get()
    assert (person.ended_because, person.user.given_roles) == ("The account is disabled in the directory.", [])
    unit.change("vera", userAccountControl=512)
    client, _ = sign_in(f"vera.{unit.tag}")
    assert is_in(client), "the directory opens again what it ended"


@pytest.mark.parametrize("how", ["removed", "out of the group", "switched off", "source deleted"])
def test_no_longer_to_be_let_in__is_signed_out(source, unit, how):
    client, _ = sign_in(f"vera.{unit.tag}")
    if how == "removed":
        unit.delete("vera")
    elif how == "out of the group":
        unit.change("inner", member=None)
    elif how == "switched off":
        allow_sign_in(source=source, is_allowed=False, actor=None)
    else:
        delete_source(source=source, reason="", actor=None, now=timezone.now())
    if how != "source deleted":
        refresh_people(source=source, now=timezone.now())
    assert not is_in(client)
    assert not User.objects.get(username__startswith="vera.").is_active


def test_roles__follow_the_groups_with_each_sync(source, unit):
    sign_in(f"vera.{unit.tag}")
    give_role(source=source, group=unit.dn_of("editors"), role=Role.EDITOR, actor=None)
    unit.change("editors", member=unit.dn_of("vera"))
    refresh_people(source=source, now=timezone.now())
    assert set(DirectoryPerson.objects.get().user.given_roles) == {Role.VIEWER, Role.EDITOR}
    take_role(row=GroupRole.objects.get(role="viewer"), actor=None)
    assert DirectoryPerson.objects.get().user.given_roles == [Role.EDITOR]


def test_directory_away__nobody_new_comes_in_and_what_it_said_holds_for_hours_only(source, unit, monkeypatch):
    client, _ = sign_in(f"vera.{unit.tag}")
    source.servers = "127.0.0.11:1"
    source.save()
    _, answer = sign_in(f"vera.{unit.tag}")
    assert "directory does not answer" in answer.text
    assert refresh_people(source=source, now=timezone.now()) == 0
    assert is_in(client)
    DirectoryPerson.objects.update(checked_at=timezone.now() - MAX_UNCHECKED)
    assert not is_in(client)
    create_administrator(username="glass", password="correct horse battery staple")
    local, _ = sign_in("glass", "correct horse battery staple")
    assert is_in(local), "the local administrator never depends on a directory"


def test_switched_off_here__stays_so_whatever_the_directory_says(source, unit):
    sign_in(f"vera.{unit.tag}")
    vera = DirectoryPerson.objects.get().user
    local_people.switch_off_person(actor=create_administrator(), person=vera, reason="leave")
    refresh_people(source=source, now=timezone.now())
    client, answer = sign_in(f"vera.{unit.tag}")
    assert "switched this account off" in answer.text
    assert not is_in(client)


def test_local_name__is_never_opened_by_a_directory_password(source, unit):
    create_viewer(username=f"vera.{unit.tag}")
    client, _ = sign_in(f"VERA.{unit.tag}")
    assert not is_in(client)


def test_directory_people__get_no_local_password_and_no_roles_by_hand(source, unit):
    sign_in(f"vera.{unit.tag}")
    vera, ada = DirectoryPerson.objects.get().user, create_administrator()
    with pytest.raises(local_people.DirectoryDecides):
        local_people.reset_password(actor=ada, person=vera)
    with pytest.raises(local_people.DirectoryDecides):
        local_people.edit_person(actor=ada, person=vera, full_name="V", email="", roles=[Role.ADMINISTRATOR])


def test_last_local_administrator__is_kept_though_a_directory_has_others(source, unit):
    give_role(source=source, group=f"viewers.{unit.tag}", role=Role.ADMINISTRATOR, actor=None)
    sign_in(f"vera.{unit.tag}")
    vera, ada = DirectoryPerson.objects.get().user, create_administrator()
    with pytest.raises(local_people.LastAdministrator):
        local_people.switch_off_person(actor=vera, person=ada, reason="alone now")


def test_give_role__no_such_group_or_a_distribution_list__is_refused(source, unit):
    for group in ("no such group", "*", "All Staff)(objectClass=*"):
        with pytest.raises(GroupNotFound):
            give_role(source=source, group=group, role=Role.VIEWER, actor=None)


def test_page__administrator_gives_and_takes__others_may_not(source, unit):
    url = reverse("recipients:console-sign-in", args=[source.pk])
    assert signed_in(create_operator()).get(url).status_code == 403
    administrator = signed_in(create_administrator())
    assert "No security group is called" in administrator.post(url, {"group": "nobody", "role": "viewer"}).text
    page = administrator.post(url, {"group": f"editors.{unit.tag}", "role": "editor"}, follow=True).text
    assert f"editors.{unit.tag}" in page
    row = GroupRole.objects.get(role="editor")
    administrator.post(reverse("recipients:take-role", args=[row.pk]))
    assert not GroupRole.objects.filter(pk=row.pk).exists()
    administrator.post(reverse("recipients:allow-sign-in", args=[source.pk]), {"allow": "no"})
    source.refresh_from_db()
    assert not source.is_console_sign_in_allowed


def test_refresh__controller_breaks_off__changes_nothing(source, unit, monkeypatch):
    client, _ = sign_in(f"vera.{unit.tag}")

    def away(*args, **more):
        raise ServerUnreachable("gone")

    monkeypatch.setattr(people, "standings", away)
    assert refresh_people(source=source, now=timezone.now() + timedelta(hours=1)) == 0
    assert is_in(client)
