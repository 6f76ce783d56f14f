"""What becomes of people whom a directory let in, without asking one."""

import pytest
from django.utils import timezone

from directory.errors import ServerUnreachable
from directory.people import Standing
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.accounts.services import people as local_people
from mailconsole.accounts.services.tokens import bearer_of, create_token
from mailconsole.recipients.models import DirectoryPerson, GroupRole
from mailconsole.recipients.services import people
from mailconsole.recipients.services.people import GONE, MAX_UNCHECKED, let_in
from tests.directory.entries import guid_of
from tests.mailconsole.recipients.directories import create_directory, read_directory
from tests.support.factories import create_administrator

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
