"""Users of a directory sign in by a bind: against the lab's Active Directory, and against controllers that are away."""

import asyncio
import json
import socket
import time
from pathlib import Path

import pytest

from directory import errors
from directory.model import Recipient, RecipientKind
from directory.settings import Server, SourceSettings
from directory.sign_in import Person, check_password
from directory.snapshot_writer import publish
from mailconsole.runtime.sign_in import directory_users
from mailconsole.runtime.sign_in.directory_users import DirectoryUsers
from mailconsole.runtime.sign_in.kept_directories import KeptDirectories
from tests.directory.servers import serving, silent
from tests.support.lab import PASSWORD
from tests.support.pace import at_pace
from transport.ports.accounts import AuthResult

DEAD = "127.0.0.1:1"
PERSON = Person("guid-1", "CN=Anna", "Anna", "anna", "Anna@corp.example")
RECIPIENT = Recipient("guid-1", RecipientKind.MAILBOX, "CN=Anna", "Anna", "Anna@acme.example",
                      ("Anna@acme.example", "a.b@acme.example"))  # fmt: skip


def users(tmp_path: Path, *servers: str, ca: str = "", secret: str = PASSWORD, wait_s: float = 5.0) -> DirectoryUsers:
    row = {"id": 7, "name": "corp", "servers": " ".join(servers), "security": "ldaps", "is_plain_allowed": False,
           "ca_pem": ca, "tls_name": "", "base_dn": "DC=corp,DC=example",
           "bind_user": "svc-mailflow@corp.example"}  # fmt: skip
    path = tmp_path / "directories.json"
    path.write_text(json.dumps([row] if servers else []))
    publish(tmp_path / "directory", [RECIPIENT], read_at=time.time())
    secrets = {"directory/7/bind-password": secret}
    return DirectoryUsers(
        directories=KeptDirectories(path), secrets=secrets.__getitem__, snapshot_folder=tmp_path / "directory",
        wait_s=wait_s,
    )  # fmt: skip


def ask(found: DirectoryUsers, username="anna", password="right"):
    return found.check(username=username, password=password, peer="127.0.0.1")


class Controller:
    """Stands in for the bind: what it was asked, and what it says."""

    def __init__(self, monkeypatch, answer=PERSON, *, takes_s=0.0):
        self.asked: list[tuple[str, str, str]] = []
        self.answer = answer
        self.takes_s = takes_s
        monkeypatch.setattr(directory_users, "check_password", self._check)

    def _check(self, settings: SourceSettings, *, name: str, password: str) -> Person:
        self.asked.append((str(settings.servers[0]), name, password))
        time.sleep(self.takes_s)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def wrong(account="guid-1"):
    refusal = errors.BadCredentials("Cannot sign in as anna: wrong (52e).", code="52e")
    refusal.account = account
    return refusal


@pytest.fixture
def lab(lab_ad, tmp_path):
    return users(tmp_path, "127.0.0.11", ca=lab_ad.ca_path.read_text())


@pytest.mark.parametrize(
    "name", ["admin.anna@corp.example", "Admin.Anna", "CORP\\admin.anna", "admin.anna@acme.example"]
)
async def test_check__right_by_any_of_the_names__is_the_same_user(lab, name):
    answer = await ask(lab, name, PASSWORD)
    assert (answer.result, answer.identity) == (AuthResult.YES, "admin.anna@acme.example")
    assert answer.account


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("login.disabled", "533"),
        ("login.mustchange", "773"),
        ("login.expired", "532"),
        ("login.gone", "701"),
        ("login.hours", "530"),
        ("login.locked", "775"),
    ],
)
async def test_check__account_that_may_not__is_no_with_the_directorys_code(lab, name, code):
    answer = await ask(lab, name, PASSWORD)
    assert answer.result is AuthResult.NO
    assert f"({code})" in answer.reason and answer.account


async def test_check__wrong_password__is_tried_at_the_controller_once(lab, monkeypatch):
    asked = []
    real = check_password

    def noting(settings, **options):
        asked.append(options["name"])
        return real(settings, **options)

    monkeypatch.setattr(directory_users, "check_password", noting)
    answers = [await ask(lab, "viewer.victor", "wrong") for _ in range(3)]
    answers += [await ask(lab, "nobody.at.all", "wrong")]
    assert [answer.result for answer in answers] == [AuthResult.NO] * 4
    assert [answer.is_repeated for answer in answers] == [False, True, True, False]
    assert ("was not asked again" in answers[1].reason and "(52e)" in answers[0].reason) or "no account" in answers[
        0
    ].reason
    assert asked == ["viewer.victor", "nobody.at.all"]


async def test_check__reader_is_refused__cannot_tell_and_is_not_tried_until_locked(lab_ad, tmp_path, monkeypatch):
    row_user = users(tmp_path, "127.0.0.11", ca=lab_ad.ca_path.read_text(), secret="wrong")
    row_user._directories._rows[0]["bind_user"] = "nobody.reads@corp.example"
    answers = [await ask(row_user, "admin.anna", PASSWORD) for _ in range(3)]
    assert [answer.result for answer in answers] == [AuthResult.CANNOT_TELL] * 3
    assert "The account that reads the directory is refused" in answers[0].reason
    assert "No domain controller has answered lately" in answers[1].reason


async def test_check__right__owns_what_the_look_up_file_says(tmp_path, monkeypatch):
    Controller(monkeypatch)
    answer = await ask(users(tmp_path, DEAD))
    assert (answer.identity, sorted(answer.addresses)) == (
        "Anna@corp.example",
        ["a.b@acme.example", "anna@acme.example"],
    )


async def test_check__user_without_mail__owns_nothing(tmp_path, monkeypatch):
    Controller(monkeypatch, Person("guid-9", "CN=X", "X", "x", ""))
    answer = await ask(users(tmp_path, DEAD))
    assert (answer.result, answer.identity, answer.addresses) == (AuthResult.YES, "x", ())


async def test_check__no_directory_or_no_look_up_file__is_said(tmp_path, monkeypatch):
    Controller(monkeypatch)
    assert "no directory is set up" in (await ask(users(tmp_path))).reason
    found = users(tmp_path, DEAD)
    found._snapshot._folder = found._snapshot._pointer = tmp_path / "nowhere"
    answer = await ask(found)
    assert answer.result is AuthResult.CANNOT_TELL and "which addresses" in answer.reason


async def test_check__no_controller__cannot_tell_and_the_next_ones_do_not_wait(tmp_path):
    with serving(silent) as port:
        found = users(tmp_path, f"127.0.0.1:{port}", wait_s=0.5)
        began = time.monotonic()
        answer = await ask(found)
        assert answer.result is AuthResult.CANNOT_TELL
        assert answer.reason == "no domain controller answered within 0.5 s"
        assert time.monotonic() - began < at_pace(1.5)
    found = users(tmp_path, DEAD)
    assert (await ask(found, password="one")).result is AuthResult.CANNOT_TELL
    began = time.monotonic()
    answers = [await ask(found, password=f"p{n}") for n in range(20)]
    assert {answer.reason for answer in answers} == {"corp: No domain controller has answered lately."}
    assert time.monotonic() - began < at_pace(0.5)


async def test_check__first_controller_is_dead__the_second_answers_and_the_first_is_left_alone(tmp_path, monkeypatch):
    found = users(tmp_path, "dead.example", "alive.example")
    asked = []

    def check(settings, *, name, password):
        asked.append(settings.servers[0].host)
        if settings.servers[0].host == "dead.example":
            raise errors.ServerUnreachable("it does not answer.")
        return PERSON

    monkeypatch.setattr(directory_users, "check_password", check)
    assert [(await ask(found)).result for _ in range(3)] == [AuthResult.YES] * 3
    assert asked == ["dead.example", "alive.example", "alive.example", "alive.example"]
    found._controllers.clock = lambda: time.monotonic() + 20
    await ask(found)
    assert asked[-2:] == ["dead.example", "alive.example"]


async def test_check__wrong_password__is_not_tried_at_the_next_controller(tmp_path, monkeypatch):
    controller = Controller(monkeypatch, wrong())
    answer = await ask(users(tmp_path, "one.example", "two.example"))
    assert (answer.result, answer.account) == (AuthResult.NO, "guid-1")
    assert len(controller.asked) == 1


async def test_check__the_same_at_the_same_time__is_one_bind(tmp_path, monkeypatch):
    controller = Controller(monkeypatch, wrong(), takes_s=0.2)
    found = users(tmp_path, DEAD)
    answers = await asyncio.gather(*(ask(found) for _ in range(10)))
    assert {answer.result for answer in answers} == {AuthResult.NO}
    assert len(controller.asked) == 1


async def test_check__answer_comes_too_late__is_remembered_and_not_asked_again(tmp_path, monkeypatch):
    controller = Controller(monkeypatch, wrong(), takes_s=0.4)
    found = users(tmp_path, DEAD, wait_s=0.1)
    assert [(await ask(found)).result for _ in range(2)] == [AuthResult.CANNOT_TELL] * 2
    await asyncio.sleep(0.6)
    answer = await ask(found)
    assert (answer.result, answer.is_repeated, len(controller.asked)) == (AuthResult.NO, True, 1)


async def test_check__refused_otherwise__is_asked_again_soon_and_a_wrong_password_later(tmp_path, monkeypatch):
    locked = errors.AccountLocked("Cannot sign in as anna: the account is locked (775).", code="775")
    locked.account = "guid-1"
    controller = Controller(monkeypatch, locked)
    found = users(tmp_path, DEAD)
    await ask(found)
    found._refused.clock = lambda: time.monotonic() + 61
    controller.answer = wrong()
    assert "(52e)" in (await ask(found)).reason
    found._refused.clock = lambda: time.monotonic() + 600
    assert (await ask(found)).is_repeated
    found._refused.clock = lambda: time.monotonic() + 700
    assert not (await ask(found)).is_repeated
    assert len(controller.asked) == 3


async def test_check__one_directory_does_not_know_and_one_is_away__cannot_tell(tmp_path, monkeypatch):
    found = users(tmp_path, "one.example")
    found._directories._rows.append({**found._directories._rows[0], "name": "other", "servers": "two.example"})

    def check(settings, *, name, password):
        if settings.servers == (Server("one.example", 636),):
            raise errors.NoSuchAccount("there is no such account")
        raise errors.ServerUnreachable("it does not answer.")

    monkeypatch.setattr(directory_users, "check_password", check)
    answer = await ask(found)
    assert (answer.result, answer.reason) == (AuthResult.CANNOT_TELL, "other: it does not answer.")


async def test_check__flood_while_the_controller_is_slow__the_rest_cannot_tell_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(directory_users, "MAX_WAITING", 4)
    Controller(monkeypatch, takes_s=0.2)
    found = users(tmp_path, DEAD)
    answers = await asyncio.gather(*(ask(found, password=f"p{n}") for n in range(8)))
    assert [answer.result for answer in answers] == [AuthResult.YES] * 4 + [AuthResult.CANNOT_TELL] * 4
    assert socket.gethostname() not in str(answers)
