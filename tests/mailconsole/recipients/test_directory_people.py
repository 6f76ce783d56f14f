"""What becomes of people whom a directory let in, without asking one."""

import pytest
from django.utils import timezone

from directory.errors import ServerUnreachable
from directory.people import Standing
from mailconsole.accounts.models import ApiToken, User
from mailconsole.accounts.roles import Role
from mailconsole.accounts.services import people as local_people
from mailconsole.accounts.services.tokens import bearer_of, create_token
from mailconsole.recipients.backend import DirectoryBackend
from mailconsole.recipients.models import DirectoryPerson, GroupRole
from mailconsole.recipients.refusals import ConsoleSignInRefused, SourceRefused
from mailconsole.recipients.services import people
from mailconsole.recipients.services.group_roles import allow_sign_in, take_role
from mailconsole.recipients.services.people import GONE, MAX_UNCHECKED, let_in
from mailconsole.recipients.services.sources import delete_source, update_source
from tests.directory.entries import guid_of
from tests.mailconsole.recipients.directories import create_directory, read_directory
from tests.support.factories import create_administrator, create_viewer, signed_in

pytestmark = pytest.mark.django_db
NAME = "vera@corp.example"


def directory(role=Role.VIEWER):
    made = create_directory(is_console_sign_in_allowed=True)
    GroupRole.objects.create(source=made, group_sid="S-1-5-1", group_name="Viewers", group_dn="CN=V", role=role.value)
    return made


def came_in(source, *, name=NAME, sids=("S-1-5-1",)):
    standing = Standing(guid_of("vera"), "Vera", name, "", frozenset(sids))
    return let_in(source=source, standing=standing, now=timezone.now())


def token_of(person):
    made = create_token(owner=person, name="x", scopes=[Role.VIEWER], now=timezone.now(), expires_at=None)
    return made.text


def test_token__directory_ended_or_silent_for_long__speaks_for_nobody():
    known = came_in(directory())
    text, now = token_of(known.user), timezone.now()
    assert bearer_of(text, now=now) is not None
    assert bearer_of(text, now=now + MAX_UNCHECKED) is None
    DirectoryPerson.objects.update(ended_because=GONE)
    assert bearer_of(text, now=now) is None


def test_switch_on__the_directory_ended_it__is_refused():
    known, ada = came_in(directory()), create_administrator()
    User.objects.filter(pk=known.user_id).update(is_active=False)
    local_people.switch_on_person(actor=ada, person=known.user)
    DirectoryPerson.objects.update(ended_because=GONE)
    with pytest.raises(local_people.DirectoryDecides, match="no longer in the directory"):
        local_people.switch_on_person(actor=ada, person=known.user)


@pytest.mark.parametrize("answer", [{"error": ServerUnreachable("gone")}, {}], ids=["failed", "stopped"])
def test_sync__run_did_not_succeed__asks_about_the_people_all_the_same(monkeypatch, answer):
    source = directory()
    came_in(source)
    monkeypatch.setattr(people, "standings", lambda settings, guids, now: {})
    run = read_directory(monkeypatch, source, [], answer=answer)
    assert run.state in {"failed", "stopped"}
    assert DirectoryPerson.objects.get().ended_because == GONE


def remove(source):
    delete_source(source=source, reason="", actor=None, now=timezone.now())


def test_delete_source__its_people__keep_no_role_and_no_token():
    source = directory(Role.ADMINISTRATOR)
    vera = came_in(source).user
    text = token_of(vera)
    remove(source)
    User.objects.update(is_active=True)
    assert bearer_of(text, now=timezone.now()) is None
    assert ApiToken.objects.get().revoked_at is not None
    assert User.objects.get(pk=vera.pk).given_roles == []


def test_delete_source__directory_added_again__takes_its_people_over_with_the_roles_of_now():
    source = directory(Role.ADMINISTRATOR)
    vera = came_in(source).user
    remove(source)
    with pytest.raises(ConsoleSignInRefused):
        came_in(directory(), sids=())
    again = came_in(directory()).user
    assert (again.pk, again.is_active, again.given_roles) == (vera.pk, True, [Role.VIEWER])


def test_delete_source__session_of_before__is_no_session_of_whoever_has_the_name_then():
    source = directory(Role.ADMINISTRATOR)
    client = signed_in(came_in(source).user)
    assert client.get("/").status_code == 200
    remove(source)
    came_in(directory())
    assert client.get("/").status_code == 302


def test_delete_source__whom_an_administrator_switched_off__stays_so():
    source = directory()
    vera = came_in(source).user
    local_people.switch_off_person(actor=create_administrator(), person=vera, reason="leave")
    remove(source)
    with pytest.raises(ConsoleSignInRefused, match="switched this account off"):
        came_in(directory())


def test_sign_in__name_of_somebody_whom_a_removed_directory_left__is_asked_elsewhere(monkeypatch):
    source = directory()
    came_in(source)
    remove(source)
    asked = []
    monkeypatch.setattr("mailconsole.recipients.backend.sign_in", lambda **told: asked.append(told["name"]))
    create_viewer(username="local")
    for name in (NAME, "LOCAL"):
        DirectoryBackend().authenticate(None, username=name, password="x")
    assert asked == [NAME]


def test_let_in__name_of_a_local_person_in_other_letter_case__is_refused():
    create_viewer(username=NAME)
    with pytest.raises(ConsoleSignInRefused, match="belongs to somebody else"):
        came_in(directory(), name=NAME.upper())
    assert not DirectoryPerson.objects.exists()


def test_let_in__name_of_a_person_of_another_directory__is_refused():
    came_in(directory())
    with pytest.raises(ConsoleSignInRefused, match="belongs to somebody else"):
        came_in(directory(), name=NAME.upper())


def test_take_role__directory_is_away__whoever_has_the_role_is_out_until_it_confirms_them(monkeypatch):
    def away(settings, guids, now):
        raise ServerUnreachable("gone")

    monkeypatch.setattr(people, "standings", away)
    known = came_in(directory())
    take_role(row=GroupRole.objects.get(), actor=None)
    known.refresh_from_db()
    assert not people.may_act(known, timezone.now())


def test_plain_ldap__sign_in_is_refused_whichever_comes_first():
    plain = create_directory(security="plain", is_plain_allowed=True)
    with pytest.raises(SourceRefused, match="plain LDAP"):
        allow_sign_in(source=plain, is_allowed=True, actor=None)
    plain.refresh_from_db()
    assert not plain.is_console_sign_in_allowed
    allowed = directory()
    allowed.security, allowed.is_plain_allowed = "plain", True
    with pytest.raises(SourceRefused, match="plain LDAP"):
        update_source(source=allowed, password="", actor=None, now=timezone.now())
